"""The client of an authority: ask for removal or data, answer, receive files."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from rogatory.client import Client, Draft, Section, Sent
from rogatory.drafts import content_of
from rogatory.errors import (
    BlobMismatch,
    FieldInvalid,
    Malformed,
    TransitionNotAllowed,
)
from rogatory.evidence import decrypt_file
from rogatory.exchanges import ExchangeView, FileView
from rogatory.lifecycle import CLARIFICATION, ExchangeState
from rogatory.progress import Progress, count, steps
from rogatory.tables import ItemRow, TargetRow
from rogatory.v1 import (
    clarification_pb2,
    disclosure_pb2,
    message_pb2,
    removal_pb2,
)

Cosigner: TypeAlias = tuple[str, str, message_pb2.Capacity.ValueType]
"""Party id, signer id, capacity."""

_OK = disclosure_pb2.FILE_STATUS_INTEGRITY_OK
_FAILED = disclosure_pb2.FILE_STATUS_INTEGRITY_FAILED


class Authority(Client):
    """Police, a prosecutor, a court, a regulator."""

    # --- asking ----------------------------------------------------------------------

    def request_removal(
        self,
        to: str,
        rows: Sequence[ItemRow],
        *,
        profile: str,
        instrument: removal_pb2.RemovalInstrument.ValueType,
        reasons: removal_pb2.Reasons,
        copies: Sequence[str] = (),
        legal_entity: str = "",
        service: str = "",
        territorial_scope: Sequence[str] = (),
        signer: str | None = None,
    ) -> Sent:
        """Ask a platform to act on items of content.

        Raises:
            RogatoryError: What the gateway would refuse, or refuses; nothing was sent.
            Unavailable: Try `resend_outbox` later.
        """
        draft = self.draft_removal(
            to,
            rows,
            profile=profile,
            instrument=instrument,
            reasons=reasons,
            copies=copies,
            legal_entity=legal_entity,
            service=service,
            territorial_scope=territorial_scope,
            signer=signer,
        )
        return self._send(self.sign(draft, signer), None)[0]

    def draft_removal(
        self,
        to: str,
        rows: Sequence[ItemRow],
        *,
        profile: str,
        instrument: removal_pb2.RemovalInstrument.ValueType,
        reasons: removal_pb2.Reasons,
        cosigners: Sequence[Cosigner] = (),
        copies: Sequence[str] = (),
        legal_entity: str = "",
        service: str = "",
        territorial_scope: Sequence[str] = (),
        signer: str | None = None,
    ) -> Draft:
        """Compose such a request without signing or sending it."""
        body = removal_pb2.RemovalRequest(
            instrument=instrument,
            items=[
                removal_pb2.RemovalItem(
                    item_id=row.item.item_id, classification=row.classification
                )
                for row in rows
            ],
            territorial_scope=territorial_scope,
        )
        items = removal_pb2.RemovalItems(items=[row.item for row in rows])
        addressee = message_pb2.Recipient(
            party=to, legal_entity=legal_entity, service=service
        )
        others = self._in_copy(to, copies, cosigners)
        audience = [to, *others]
        return self.compose(
            body,
            recipients=[addressee, *others],
            profile=profile,
            sections={
                "items": (content_of(items), audience),
                "reasons": (content_of(reasons), audience),
            },
            cosigners=_signatories(cosigners),
            signer=signer,
        )

    def draft_disclosure(
        self,
        to: str,
        rows: Sequence[TargetRow],
        *,
        profile: str,
        reasons: removal_pb2.Reasons,
        cosigners: Sequence[Cosigner] = (),
        copies: Sequence[str] = (),
        confidentiality: disclosure_pb2.Confidentiality | None = None,
        legal_entity: str = "",
        service: str = "",
        signer: str | None = None,
    ) -> Draft:
        """Compose a request for data; nobody has signed it yet.

        The cosigners' parties are put in copy and into the audiences, so that they can
        read what they sign. Go on with `sign`, the cosigners' `sign`, and `submit`.

        Raises:
            RogatoryError: What the gateway would refuse.
        """
        body = disclosure_pb2.DisclosureRequest(
            tasks=[
                disclosure_pb2.DisclosureTask(
                    task_id=row.target.task_id, category=row.category
                )
                for row in rows
            ],
            confidentiality=confidentiality,
        )
        targets = disclosure_pb2.DisclosureTargets(targets=[row.target for row in rows])
        addressee = message_pb2.Recipient(
            party=to, legal_entity=legal_entity, service=service
        )
        others = self._in_copy(to, copies, cosigners)
        audience = [to, *others]
        return self.compose(
            body,
            recipients=[addressee, *others],
            profile=profile,
            sections={
                "targets": (content_of(targets), audience),
                "reasons": (content_of(reasons), audience),
            },
            cosigners=_signatories(cosigners),
            signer=signer,
        )

    def _in_copy(
        self, to: str, copies: Sequence[str], cosigners: Sequence[Cosigner]
    ) -> list[str]:
        """Return who gets a copy, in order, nobody twice."""
        named = [*copies, *(party for party, _, _ in cosigners)]
        return [
            party for party in dict.fromkeys(named) if party not in (to, self.party)
        ]

    # --- answering -------------------------------------------------------------------

    def answer_clarification(
        self,
        exchange_id: str,
        text: str,
        corrected: Sequence[ItemRow] | Sequence[TargetRow] = (),
        *,
        ids: Sequence[str] = (),
        signer: str | None = None,
    ) -> Sent:
        """Answer a platform's question.

        Args:
            exchange_id: The exchange.
            text: The answer in words; may be empty if items are corrected.
            corrected: Rows that replace those of the request, by their id.
            ids: What is answered; unless given, all that wait for an answer.
            signer: Who of our context signs.

        Raises:
            TransitionNotAllowed: Nothing waits for an answer.
            RogatoryError: What the gateway would refuse, or refuses.
        """
        view = self.exchange(exchange_id)
        state = view.require_state()
        waiting = view.ids_in(CLARIFICATION)
        answered = list(ids) or waiting
        if not answered:
            raise TransitionNotAllowed(
                "clarification_response", expected="items that wait for an answer"
            )
        rows = {_id_of(row): row for row in corrected}
        strange = sorted(set(rows) - set(answered))
        if strange:
            raise FieldInvalid({f"item {strange[0]}": "does not wait for an answer"})
        audience = [view.addressee]
        sections: dict[str, Section] = {}
        if text:
            words = clarification_pb2.Clarification(text=text)
            sections["question"] = (content_of(words), audience)
        if rows:
            answer = _corrections(list(rows.values()))
            sections["answer"] = (content_of(answer), audience)
        if not sections:
            raise FieldInvalid({"answer": "words, corrected items, or both"})
        draft = self.compose(
            clarification_pb2.ClarificationResponse(ids=answered),
            recipients=[view.addressee],
            profile=view.profile,
            sections=sections,
            exchange=state,
            signer=signer,
        )
        return self._send(self.sign(draft, signer), state)[0]

    # --- evidence --------------------------------------------------------------------

    def receive_files(
        self,
        exchange_id: str,
        target_folder: Path,
        progress: Progress | None = None,
        *,
        signer: str | None = None,
    ) -> list[Path]:
        """Download, verify and decrypt an answer's files, then confirm them.

        The confirmation is a signed DeliveryReceipt of every file that was not yet
        confirmed; a file that does not decrypt to what was announced is confirmed as
        such before the failure is raised.

        Args:
            exchange_id: The exchange.
            target_folder: Where the decrypted files go; it is made if need be.
            progress: Told what is done.
            signer: Who of our context signs the receipt.

        Returns:
            The decrypted files, in the answer's order.

        Raises:
            BlobMismatch: A file is not the one that was announced.
            Malformed: The manifest lacks a file.
            RogatoryError: What the gateway refuses.
            OSError: A file cannot be written.
        """
        view = self.exchange(exchange_id)
        state = view.require_state()
        target_folder.mkdir(parents=True, exist_ok=True)
        paths: list[Path] = []
        found: dict[bytes, disclosure_pb2.FileStatus.ValueType] = {}
        failure: BlobMismatch | None = None
        for file in view.files:
            try:
                paths.append(
                    self._receive_file(exchange_id, file, target_folder, progress)
                )
                found[file.sha256] = _OK
            except _WrongContent as error:
                found[file.sha256] = _FAILED
                failure = failure or error.mismatch
        receipts = [
            disclosure_pb2.FileReceipt(sha256=file.sha256, status=found[file.sha256])
            for file in view.files
            if file.status != _status_name(found[file.sha256])
        ]
        if receipts:
            self._confirm(view, state, receipts, signer)
        if failure is not None:
            raise failure
        return paths

    def _receive_file(
        self, exchange_id: str, file: FileView, folder: Path, progress: Progress | None
    ) -> Path:
        manifest = file.manifest
        if manifest is None:
            raise Malformed(
                "section manifest",
                expected=f"what opens file {file.sha256.hex()[:16]}",
                got="nothing that we can read",
            )
        spooled = self.state.spool / f"{file.sha256.hex()}.age"
        name = manifest.name
        self.gateway.download(
            exchange_id,
            file.sha256,
            spooled,
            size=file.size,
            progress=steps(progress, f"download {name}"),
        )
        tell = count(progress, f"decrypt {name}", manifest.plaintext_size)
        try:
            path = decrypt_file(
                spooled, manifest, folder, size=file.size, progress=tell
            )
        except BlobMismatch as error:
            # The download had the announced digest, so the sender announced it so.
            kept = self.state.keep_evidence(error, {})
            spooled.rename(kept / "file.age")  # it may be too large to copy
            raise _WrongContent(error) from error
        spooled.unlink(missing_ok=True)
        return path

    def _confirm(
        self,
        view: ExchangeView,
        state: ExchangeState,
        receipts: Sequence[disclosure_pb2.FileReceipt],
        signer: str | None,
    ) -> Sent:
        draft = self.compose(
            disclosure_pb2.DeliveryReceipt(files=receipts),
            recipients=[view.addressee],
            profile=view.profile,
            sections={},
            exchange=state,
            signer=signer,
        )
        return self._send(self.sign(draft, signer), state)[0]


class _WrongContent(Exception):
    """A file that arrived as announced and does not decrypt to what was announced."""

    def __init__(self, mismatch: BlobMismatch) -> None:
        self.mismatch = mismatch
        super().__init__(str(mismatch))


def _signatories(cosigners: Sequence[Cosigner]) -> list[message_pb2.Signatory]:
    return [
        message_pb2.Signatory(party=party, signer_id=signer_id, capacity=capacity)
        for party, signer_id, capacity in cosigners
    ]


def _id_of(row: ItemRow | TargetRow) -> str:
    return row.item.item_id if isinstance(row, ItemRow) else row.target.task_id


def _corrections(
    rows: Sequence[ItemRow | TargetRow],
) -> removal_pb2.RemovalItems | disclosure_pb2.DisclosureTargets:
    if all(isinstance(row, ItemRow) for row in rows):
        items = [row.item for row in rows if isinstance(row, ItemRow)]
        return removal_pb2.RemovalItems(items=items)
    targets = [row.target for row in rows if isinstance(row, TargetRow)]
    return disclosure_pb2.DisclosureTargets(targets=targets)


def _status_name(status: disclosure_pb2.FileStatus.ValueType) -> str:
    name = disclosure_pb2.FileStatus.Name(status)
    return name.removeprefix("FILE_STATUS_").lower()
