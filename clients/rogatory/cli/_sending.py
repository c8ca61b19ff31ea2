"""What every sending verb shares: reporting what was sent, and never sending twice.

A message is kept in the outbox from before it is sent until its receipt is there. So
when a command was cut off, by Ctrl-C or because the gateway went away, running the same
command again must send the kept message and not a second one that says the same.
"""

import contextlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rogatory.cli._errors import Failed
from rogatory.cli.output import Json, out, print_json, rfc3339, say
from rogatory.errors import RogatoryError, Unavailable, VerificationError

if TYPE_CHECKING:
    from rogatory.cli._app import App
    from rogatory.client import Client, Sent
    from rogatory.drafts import Draft

UNCERTAIN = (
    "the message is in the outbox and may have arrived; run the same command again, "
    "it is sent once only"
)


@dataclass(frozen=True, slots=True)
class Intent:
    """What a command is about to say, as far as a repetition of it is recognised.

    Attributes:
        kinds: Kinds of message it sends.
        ids: Items or tasks that it speaks of.
        to: The addressee, in a first message.
        profile: The legal basis, in a first message.
        exchange_id: The exchange, in a later message.
        sections: Content that must be the same, by section: two spreadsheets may both
            number their rows from 1.
    """

    kinds: tuple[str, ...]
    ids: Collection[str]
    to: str = ""
    profile: str = ""
    exchange_id: str = ""
    sections: Mapping[str, bytes] = field(default_factory=dict)

    def is_in(self, draft: "Draft", client: "Client") -> bool:
        """Tell whether a draft says this already.

        Raises:
            SectionUnreadable: Our own draft does not open with our keys.
        """
        header = draft.header
        if draft.kind not in self.kinds or not part_ids(draft) <= set(self.ids):
            return False
        if self.exchange_id:
            same = header.exchange_id == self.exchange_id
        else:
            same = header.profile.id == self.profile
            same = same and header.recipients[0].party == self.to
        if not same:
            return False
        opened = client.open_draft(draft) if self.sections else {}
        return all(opened.get(name) == self.sections[name] for name in self.sections)


def part_ids(draft: "Draft") -> set[str]:  # noqa: PLR0911 one a kind
    """Return the items or tasks that a draft speaks of."""
    message = draft.message
    match draft.kind:
        case "removal_request":
            return {each.item_id for each in message.removal_request.items}
        case "removal_report":
            return {each.item_id for each in message.removal_report.results}
        case "disclosure_request":
            return {each.task_id for each in message.disclosure_request.tasks}
        case "disclosure_report":
            return {each.task_id for each in message.disclosure_report.results}
        case "clarification_request":
            return {each.id for each in message.clarification_request.points}
        case "clarification_response":
            return set(message.clarification_response.ids)
        case _:
            return set()


def empty_outbox(app: "App", client: "Client", intent: Intent) -> list["Sent"]:
    """Send what an earlier command left, and return what this command wanted to say.

    Returns:
        The messages that say it already; empty if the command must send its own.

    Raises:
        Unavailable: The gateway is still not there.
        Failed: What this command says was sent, and its receipt is elsewhere.
    """
    waiting = _waiting(client)
    if not waiting:
        return []
    app.kept = "what was waiting in the outbox is still there, or was sent"
    same = {each.message_id: each for each in waiting if intent.is_in(each, client)}
    sent = _resend(client)
    for each in sent:
        say(f"sent from the outbox, where another command left it: {line(each)}")
    found = [each for each in sent if each.message_id in same]
    for each in found:
        del same[each.message_id]
    if found:
        say("that is what this command says, so nothing more is sent")
    elif gone := [each for each in same.values() if not _was_refused(client, each)]:
        raise Failed(
            "another command has just sent what this one says",
            what=f"exchange {gone[0].exchange_id}",
            todo="see `rogatory exchange list`",
        )
    return found


def _waiting(client: "Client") -> "list[Draft]":
    from rogatory.drafts import parse_draft

    found = []
    for path in client.state.outbox():
        # Another command may get its receipt, and remove the file, at any moment.
        with contextlib.suppress(FileNotFoundError):
            found.append(parse_draft(path.read_bytes()))
    return found


def _resend(client: "Client") -> "list[Sent]":
    """Send all that waits; what is refused for good is set aside and told."""
    while True:
        before = len(client.state.outbox())
        try:
            return client.resend_outbox()
        except FileNotFoundError:
            continue
        except (Unavailable, VerificationError):
            raise
        except RogatoryError as error:
            if len(client.state.outbox()) >= before:
                raise
            say(f"refused and set aside, left by another command: {error}")


def _was_refused(client: "Client", draft: "Draft") -> bool:
    folder = client.state.folder / "outbox"
    return (folder / f"{draft.message_id}.refused").exists()


def line(sent: "Sent") -> str:
    """Say in one line what was sent and where it is logged."""
    kind = sent.kind.replace("_", " ")
    return f"{kind}, entry {sent.index}, exchange {sent.exchange_id}"


def report_sent(app: "App", sent: "list[Sent]", *, what: str = "", then: str) -> None:
    """Tell what was sent: data for programs and people, and the next command.

    Args:
        app: How to speak.
        sent: The messages.
        what: What was in them, in words.
        then: The next command, behind `rogatory --as NAME`.
    """
    if app.json:
        print_json({"sent": [sent_json(each) for each in sent]})
        return
    for each in sent:
        detail = f"{what}, " if what and each is sent[0] else ""
        kind = each.kind.replace("_", " ")
        out(f"sent: {kind}, {detail}entry {each.index}, exchange {each.exchange_id}")
    if sent and then:
        say(f"next: {app.prefix()} {then}")


def sent_json(sent: "Sent") -> dict[str, Json]:
    """Return a message that was sent, for programs."""
    return {
        "exchange_id": sent.exchange_id,
        "message_id": sent.message_id,
        "kind": sent.kind,
        "index": sent.index,
        "time": rfc3339(sent.time),
        "number": sent.number,
        "digest": sent.digest.hex(),
        "files": {
            "envelope": str(sent.files.envelope),
            "entry": str(sent.files.entry),
            "proof": str(sent.files.proof),
        },
    }
