"""The client of a platform: read what is asked, report, ask back, disclose."""

import mimetypes
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from google.protobuf.timestamp_pb2 import Timestamp

from rogatory.client import Client, Section, Sent
from rogatory.drafts import Body, content_of
from rogatory.errors import FieldInvalid, LimitExceeded, Malformed
from rogatory.evidence import EncryptedFile, encrypt_file
from rogatory.exchanges import ExchangeView
from rogatory.lifecycle import ExchangeState
from rogatory.progress import Progress, count, steps
from rogatory.tables import ResultRow
from rogatory.v1 import clarification_pb2, disclosure_pb2, removal_pb2

Ground: TypeAlias = clarification_pb2.ClarificationGround.ValueType
Outcome: TypeAlias = disclosure_pb2.TaskOutcome.ValueType
FileToSend: TypeAlias = tuple[Path, Sequence[str], str]
"""Path, the tasks that it answers, media type (empty: by the name)."""

MAX_WORDS = 16_384
"""Bytes of a question (`Clarification.text`)."""

_DISCLOSED = disclosure_pb2.TASK_OUTCOME_DISCLOSED
_ANY_TYPE = "application/octet-stream"


class Platform(Client):
    """A provider of a service."""

    def items(self, exchange_id: str) -> list[removal_pb2.ContentItem]:
        """Return the items asked to be removed, opened, as last corrected.

        Raises:
            NotPermitted: We did not receive the request.
            SectionUnreadable: The items do not open with our keys.
            Malformed: They are not those of the visible part.
        """
        view = self.exchange(exchange_id)
        request = view.request
        for problem in view.unreadable:
            if problem.section == "items":
                raise problem.error
        items = [part.item for part in view.parts]
        found = [item for item in items if item is not None]
        if request.kind != "removal_request" or len(found) != len(items):
            raise Malformed(
                "section items", expected="one per item of the visible part"
            )
        return found

    # --- removal ---------------------------------------------------------------------

    def report_removal(
        self,
        exchange_id: str,
        rows: Sequence[ResultRow],
        note: str = "",
        *,
        signer: str | None = None,
    ) -> list[Sent]:
        """Report what became of items, and ask about those that need it.

        Rows with an outcome become one RemovalReport, rows that need clarification one
        ClarificationRequest after it.

        Raises:
            RogatoryError: What the gateway would refuse, or refuses. The report may
                have been sent when the question is refused.
        """
        view = self.exchange(exchange_id)
        state = view.require_state()
        outcomes = [row for row in rows if not row.needs_clarification]
        questions = [row for row in rows if row.needs_clarification]
        points = {row.item_id: row.ground for row in questions}
        words = _question(questions) if questions else ""
        sent: list[Sent] = []
        if outcomes:
            details = removal_pb2.RemovalDetails(
                items=[detail for detail in map(_detail, outcomes) if detail],
                note=note,
            )
            sections: dict[str, Section] = {}
            if details.items or note:
                sections["report"] = (content_of(details), [view.requester])
            report = removal_pb2.RemovalReport(results=map(_result, outcomes))
            done, state = self._answer(view, state, report, sections, signer)
            sent.append(done)
        if questions:
            done, _ = self._ask(view, state, points, words, signer)
            sent.append(done)
        return sent

    def ask(
        self,
        exchange_id: str,
        points: Mapping[str, Ground],
        text: str,
        *,
        signer: str | None = None,
    ) -> Sent:
        """Ask what is meant.

        Args:
            exchange_id: The exchange.
            points: What is unclear, by item or task id.
            text: The question.
            signer: Who of our context signs.

        Raises:
            RogatoryError: What the gateway would refuse, or refuses.
        """
        view = self.exchange(exchange_id)
        return self._ask(view, view.require_state(), points, text, signer)[0]

    # --- disclosure ------------------------------------------------------------------

    def disclose(
        self,
        exchange_id: str,
        files: Mapping[str, Sequence[Path]] | Sequence[FileToSend],
        outcomes: Mapping[str, Outcome] | None = None,
        *,
        note: str = "",
        progress: Progress | None = None,
        signer: str | None = None,
    ) -> Sent:
        """Answer with data, or say why there is none.

        Each file is encrypted for itself, uploaded (again from where it stopped), and
        named in the sealed manifest with what opens it.

        Args:
            exchange_id: The exchange.
            files: By task, or each with its tasks and media type.
            outcomes: By task; tasks with files are `disclosed` unless named here.
                Tasks that are named nowhere stay open.
            note: What is withheld and why, how times are to be read.
            progress: Told what is done.
            signer: Who of our context signs.

        Raises:
            RogatoryError: What the gateway would refuse, or refuses.
            OSError: A file cannot be read.
        """
        view = self.exchange(exchange_id)
        state = view.require_state()
        to_send = _files(files)
        answered = {task: _DISCLOSED for _, tasks, _ in to_send for task in tasks}
        answered |= outcomes or {}
        act_time = self._act_time()
        results = [
            disclosure_pb2.TaskResult(task_id=t, outcome=o, act_time=act_time)
            for t, o in answered.items()
        ]
        body = disclosure_pb2.DisclosureReport(results=results)
        unknown = [task for task in answered if view.part(task) is None]
        if unknown:
            raise FieldInvalid({f"task {unknown[0]}": "is not in the request"})
        encrypted: list[EncryptedFile] = []
        try:
            for source, tasks, media_type in to_send:
                encrypted.append(self._encrypt(source, tasks, media_type, progress))
            for file in encrypted:
                what = steps(progress, f"upload {file.manifest.name}")
                self.gateway.upload(file.path, file.sha256, file.size, what)
        finally:
            # After the upload the gateway has them; before it they are of no use, since
            # what opens them is nowhere yet.
            for file in encrypted:
                file.path.unlink(missing_ok=True)
        for file in encrypted:
            body.files.add(sha256=file.sha256, size=file.size)
        sections: dict[str, Section] = {}
        if encrypted or note:
            manifest = disclosure_pb2.Manifest(
                files=[file.manifest for file in encrypted], note=note
            )
            sections["manifest"] = (content_of(manifest), [view.requester])
        return self._answer(view, state, body, sections, signer)[0]

    def _encrypt(
        self, source: Path, tasks: Sequence[str], media_type: str, tell: Progress | None
    ) -> EncryptedFile:
        total = source.stat().st_size
        return encrypt_file(
            source,
            self.state.spool,
            name=source.name,
            media_type=media_type or mimetypes.guess_type(source.name)[0] or _ANY_TYPE,
            task_ids=tasks,
            progress=count(tell, f"encrypt {source.name}", total),
        )

    # --- both ------------------------------------------------------------------------

    def _ask(
        self,
        view: ExchangeView,
        state: ExchangeState,
        points: Mapping[str, Ground],
        text: str,
        signer: str | None,
    ) -> tuple[Sent, ExchangeState]:
        body = clarification_pb2.ClarificationRequest(
            points=[
                clarification_pb2.ClarificationPoint(id=i, ground=ground)
                for i, ground in points.items()
            ]
        )
        _refuse_long(text)
        words = clarification_pb2.Clarification(text=text)
        sections: dict[str, Section] = {
            "question": (content_of(words), [view.requester])
        }
        return self._answer(view, state, body, sections, signer)

    def _answer(
        self,
        view: ExchangeView,
        state: ExchangeState,
        body: Body,
        sections: Mapping[str, Section],
        signer: str | None,
    ) -> tuple[Sent, ExchangeState]:
        """Send an answer; return also the exchange after it."""
        draft = self.compose(
            body,
            recipients=[view.requester],
            profile=view.profile,
            sections=sections,
            exchange=state,
            signer=signer,
        )
        return self._send(self.sign(draft, signer), state)

    def _act_time(self) -> Timestamp:
        return Timestamp(seconds=int(self.now().timestamp()))


def _result(row: ResultRow) -> removal_pb2.ItemResult:
    return removal_pb2.ItemResult(
        item_id=row.item_id, outcome=row.outcome, act_time=row.act_time
    )


def _detail(row: ResultRow) -> removal_pb2.ItemDetail | None:
    if not (row.explanation or row.copies_found or row.copies_removed):
        return None
    return removal_pb2.ItemDetail(
        item_id=row.item_id,
        explanation=row.explanation,
        copies_found=row.copies_found,
        copies_removed=row.copies_removed,
    )


def _question(rows: Sequence[ResultRow]) -> str:
    """Join the questions of rows, each under its item's id."""
    text = "\n".join(
        f"{row.item_id}: {row.explanation}" for row in rows if row.explanation
    )
    _refuse_long(text)
    return text


def _refuse_long(text: str) -> None:
    size = len(text.encode())
    if size > MAX_WORDS:
        raise LimitExceeded(
            "question", expected=f"at most {MAX_WORDS} bytes", got=f"{size} bytes"
        )


def _files(
    files: Mapping[str, Sequence[Path]] | Iterable[FileToSend],
) -> list[FileToSend]:
    """Return each file once, with all of its tasks."""
    if not isinstance(files, Mapping):
        return list(files)
    tasks: dict[Path, list[str]] = {}
    for task, paths in files.items():
        for path in paths:
            tasks.setdefault(path, []).append(task)
    return [(path, named, "") for path, named in tasks.items()]
