"""Log entries as people and programs read them."""

import base64
from typing import TYPE_CHECKING

from rogatory.cli.output import Json, clock, rfc3339

if TYPE_CHECKING:
    from rogatory.tlog import Entry, VerifierKey


def entry_facts(entry: "Entry") -> list[tuple[str, str]]:
    """Return an entry's lines for people, digests in hex."""
    from rogatory import tlog

    facts = [("kind", entry.kind), ("time", clock(entry.time))]
    if entry.directory is not None:
        facts.append(("directory", f"entry {entry.directory}"))
    if not isinstance(entry, tlog.StartEntry | tlog.EndEntry):
        facts.append(("digest", entry.digest.hex()))
    match entry:
        case tlog.MessageEntry():
            facts.append(("sealed", entry.sealed.hex() if entry.sealed else "nothing"))
            facts.append(("from", f"{entry.sender.hex()}  (commitment)"))
            for each in entry.deliveries:
                facts.append(("to", f"{each.to.hex()}  (commitment)"))
                facts.append(("inbox", f"{each.inbox.hex()}  (commitment)"))
        case tlog.AccessEntry():
            facts.append(("from", f"{entry.sender.hex()}  (commitment)"))
        case tlog.ErasureEntry():
            ranges = ", ".join(f"{each.first}-{each.last}" for each in entry.ranges)
            facts += [("indices", ranges), ("class", entry.content_class)]
            facts += [("rule", entry.rule), ("due", clock(entry.due))]
        case tlog.StartEntry():
            facts += [("origin", entry.origin), *_vkeys(entry.vkeys)]
            if entry.previous:
                root = base64.b64encode(entry.previous.root).decode()
                before = f"{entry.previous.origin}, size {entry.previous.size}, {root}"
                facts.append(("previous", before))
        case tlog.EndEntry():
            facts += [("successor", entry.successor), *_vkeys(entry.vkeys)]
        case _:
            pass
    return facts


def entry_json(index: int, entry: "Entry") -> dict[str, Json]:
    """Return an entry for programs: its lines by name."""
    from rogatory import tlog

    shape: dict[str, Json] = {
        "index": index,
        "kind": entry.kind,
        "time": rfc3339(entry.time),
        "directory": entry.directory,
    }
    match entry:
        case tlog.MessageEntry():
            shape["digest"] = entry.digest.hex()
            shape["sealed"] = entry.sealed.hex() if entry.sealed else None
            shape["from"] = entry.sender.hex()
            shape["deliveries"] = [
                {"to": each.to.hex(), "inbox": each.inbox.hex()}
                for each in entry.deliveries
            ]
        case tlog.DirectoryEntry() | tlog.ProfilesEntry():
            shape["digest"] = entry.digest.hex()
        case tlog.AccessEntry():
            shape["digest"] = entry.digest.hex()
            shape["from"] = entry.sender.hex()
        case tlog.ErasureEntry():
            shape["digest"] = entry.digest.hex()
            shape["indices"] = [[each.first, each.last] for each in entry.ranges]
            shape["class"] = entry.content_class
            shape["rule"] = entry.rule
            shape["due"] = rfc3339(entry.due)
        case tlog.StartEntry():
            shape["origin"] = entry.origin
            shape["vkeys"] = [key.encode() for key in entry.vkeys]
            shape["previous"] = None
            if entry.previous:
                shape["previous"] = {
                    "origin": entry.previous.origin,
                    "size": entry.previous.size,
                    "root": entry.previous.root.hex(),
                }
        case tlog.EndEntry():
            shape["successor"] = entry.successor
            shape["vkeys"] = [key.encode() for key in entry.vkeys]
    return shape


def _vkeys(vkeys: "tuple[VerifierKey, ...]") -> list[tuple[str, str]]:
    return [("vkey", f"{key.name}, {key.type.name}, {key.key_id:08x}") for key in vkeys]
