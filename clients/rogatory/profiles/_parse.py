"""Read a profile file, strictly.

The file is TOML 1.0 in UTF-8, format `rogatory-profile/v1`:

    format, id, country                        texts
    [title]                                    en, fr, ko
    [citation]                                 text
    [valid_from] [valid_until]                 time; valid_until is optional
    [[rule]]                                   kind, from, authority_types,
                                               classifications or data_categories,
                                               required_sections, max_parts,
                                               seal_allowed
    [[rule.approvals]]                         capacity, count, authority_types, party,
                                               distinct
    [[deadline]]                               for, duration, counted_from
    [objection]                                window, by, decision, final
    [retention_content] [retention_record]     duration

Each table but `[title]` also has `confidence` and `source`: a legal value without its
source is refused. A value that is not known is left out, never guessed. An unknown key
is refused by its path, because it may be a rule that an older reader would not apply.
"""

import hashlib
import tomllib
from types import MappingProxyType

from rogatory.errors import ConfigInvalid, FieldInvalid, LimitExceeded
from rogatory.profiles._model import (
    AUTHORITY_TYPES,
    CAPACITIES,
    CATEGORIES_OF,
    SENDER_OF,
    ApprovalRule,
    Basis,
    Confidence,
    Deadline,
    Objection,
    Period,
    Profile,
    Rule,
)
from rogatory.profiles._reader import Reader

FORMAT = "rogatory-profile/v1"
MAX_PROFILE_BYTES = 32 * 1024
"""A profile is read by people; the longest of ours is a fifth of this."""
MAX_LINE_BYTES = 1024
"""Python's TOML reader takes quadratic time over one dotted key: this bounds it."""
MAX_PARTS = 1000
"""Items or tasks of a message (docs/protocol.md)."""
MAX_SIGNATORIES = 8
"""Signatories of a message (docs/protocol.md)."""
WITHOUT_DELAY = "WITHOUT_DELAY"
ANY = "any"

_ID = r"(?=.{1,63}$)[A-Z]{2,3}(\.[A-Z0-9][A-Z0-9-]*){1,3}"
_LANGUAGES = ("en", "fr", "ko")
_STARTS = ("received", "valid_request", "served")
_OBJECTORS = ("provider", "operator", "user")


def parse_profile(raw: bytes) -> Profile:
    """Read a profile file.

    Raises:
        LimitExceeded: It is larger than 32 KiB, or a line is longer than 1 KiB.
        ConfigInvalid: It is not TOML in UTF-8, or of another format.
        FieldInvalid: Keys are missing, unknown or break a rule; each is named by path.
    """
    document = _document(raw)
    if document.get("format") != FORMAT:
        raise ConfigInvalid("format", expected=f'"{FORMAT}"', got="another or none")
    problems: dict[str, str] = {}
    bases: dict[str, Basis] = {}
    profile = _profile(Reader(document, "", problems), bases, hashlib.sha256(raw))
    if problems or profile is None:
        raise FieldInvalid(problems)
    return profile


def _document(raw: bytes) -> dict[str, object]:
    if len(raw) > MAX_PROFILE_BYTES:
        raise LimitExceeded(
            "profile",
            expected=f"at most {MAX_PROFILE_BYTES:,} bytes",
            got=f"{len(raw):,} bytes",
        )
    longest = max((len(line) for line in raw.split(b"\n")), default=0)
    if longest > MAX_LINE_BYTES:
        raise LimitExceeded(
            "profile line",
            expected=f"at most {MAX_LINE_BYTES:,} bytes",
            got=f"{longest:,} bytes",
        )
    try:
        return tomllib.loads(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigInvalid(
            "profile", expected="UTF-8 text", got=f"another encoding on line {line}"
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigInvalid("profile", expected="TOML", got=str(error)) from error
    except (ValueError, RecursionError):
        # Not TOMLDecodeError: a number of thousands of digits, or brackets in brackets
        # without end.
        raise ConfigInvalid(
            "profile", expected="TOML", got="a number or nesting beyond reason"
        ) from None


def _profile(
    top: Reader, bases: dict[str, Basis], digest: "hashlib._Hash"
) -> Profile | None:
    top.text("format")
    profile_id = top.text("id", pattern=_ID, rule="expected such as KR.CORRECTION")
    country = top.text("country", pattern="[A-Z]{2}", rule="expected such as KR")
    title = _title(top)
    citation = top.table("citation", required=True)
    cited = citation.text("text") if citation else ""
    _close(citation, bases)
    start = top.table("valid_from", required=True)
    valid_from = start.moment("time") if start else None
    _close(start, bases)
    end = top.table("valid_until")
    valid_until = end.moment("time") if end else None
    _close(end, bases)
    rules = tuple(_rule(each, bases) for each in top.tables("rule"))
    deadlines = tuple(_deadline(each, bases) for each in top.tables("deadline"))
    objection = _objection(top.table("objection"), bases)
    content = _retention(top.table("retention_content"), bases)
    record = _retention(top.table("retention_record"), bases)
    top.close()
    if not rules:
        top.refuse("rule", "expected at least one [[rule]]: nothing would be allowed")
    kinds = [deadline.kind for deadline in deadlines]
    if len(set(kinds)) < len(kinds):
        top.refuse("deadline", "expected one for each kind of message")
    if valid_from is None:
        return None
    if valid_until is not None and valid_until <= valid_from:
        top.refuse("valid_until", "expected a time after valid_from")
    return Profile(
        id=profile_id,
        country=country,
        title=MappingProxyType(title),
        citation=cited,
        valid_from=valid_from,
        valid_until=valid_until,
        rules=rules,
        deadlines=deadlines,
        objection=objection,
        retention_content=content,
        retention_record=record,
        bases=MappingProxyType(bases),
        digest=digest.digest(),
    )


def _close(reader: Reader | None, bases: dict[str, Basis]) -> None:
    """Read where the table's values come from, and refuse what is left."""
    if reader is None:
        return
    confidence = reader.word("confidence", tuple(Confidence))
    source = reader.text("source")
    if confidence:
        bases[reader.path] = Basis(Confidence(confidence), source)
    reader.close()


def _title(top: Reader) -> dict[str, str]:
    reader = top.table("title", required=True)
    if reader is None:
        return {}
    title = {language: reader.text(language) for language in _LANGUAGES}
    reader.close()
    return title


def _rule(reader: Reader, bases: dict[str, Basis]) -> Rule:
    kind = reader.word("kind", tuple(SENDER_OF))
    sender_kind = reader.word("from", ("authority", "platform"))
    if kind and sender_kind and SENDER_OF[kind] != sender_kind:
        reader.refuse("from", f"expected {SENDER_OF[kind]}, who sends {kind}")
    rule = Rule(
        kind=kind,
        sender_kind=sender_kind,
        authority_types=_authority_types(reader, sender_kind),
        categories=_categories(reader, kind),
        required_sections=reader.words(
            "required_sections",
            required=False,
            pattern="[a-z0-9_]{1,32}",
            rule="expected names of sections such as items",
        ),
        max_parts=reader.number("max_parts", 1, MAX_PARTS),
        seal_allowed=bool(reader.flag("seal_allowed")),
        approvals=tuple(
            _approval(each, sender_kind, bases) for each in reader.tables("approvals")
        ),
    )
    if not rule.approvals and not rule.seal_allowed:
        reader.refuse("approvals", "expected who signs: nobody could")
    if sum(each.count for each in rule.approvals) > MAX_SIGNATORIES:
        reader.refuse("approvals", f"expected at most {MAX_SIGNATORIES} people in all")
    _close(reader, bases)
    return rule


def _authority_types(reader: Reader, sender_kind: str) -> tuple[str, ...]:
    """Read what an authority must be: needed for authorities, refused for platforms."""
    if sender_kind == "platform":
        if reader.has("authority_types"):
            reader.words("authority_types")
            reader.refuse("authority_types", "expected none: platforms have no type")
        return ()
    found = reader.words("authority_types", AUTHORITY_TYPES)
    if not found:
        reader.refuse("authority_types", "expected at least one")
    return found


def _categories(reader: Reader, kind: str) -> tuple[str, ...]:
    key, vocabulary = CATEGORIES_OF.get(kind, ("", ()))
    if not key:
        # classifications or data_categories of another kind are left for `close`.
        return ()
    found = reader.words(key, (*vocabulary, ANY))
    if found == (ANY,):
        return vocabulary
    if ANY in found:
        reader.refuse(key, f'expected names, or "{ANY}" alone')
    elif not found:
        reader.refuse(key, f'expected at least one, or "{ANY}"')
    return found


def _approval(
    reader: Reader, sender_kind: str, bases: dict[str, Basis]
) -> ApprovalRule:
    capacities = reader.words("capacity", CAPACITIES)
    if not capacities:
        reader.refuse("capacity", "expected at least one")
    if reader.flag("distinct") is False:
        reader.refuse("distinct", "expected true: approvals are counted over people")
    count = reader.number("count", 1, MAX_SIGNATORIES)
    if count is None:
        reader.refuse("count", f"expected 1 to {MAX_SIGNATORIES} people")
    rule = ApprovalRule(
        capacities=capacities,
        count=count or 1,
        authority_types=_authority_types(reader, sender_kind),
        any_party=reader.word("party", ("sender", ANY), required=False) == ANY,
    )
    _close(reader, bases)
    return rule


def _period(reader: Reader, key: str, *, required: bool = True) -> Period | None:
    text = reader.text(key, required=required)
    if not text:
        return None
    try:
        return Period.parse(text)
    except ValueError:
        reader.refuse(key, "expected an ISO 8601 duration such as P10D or PT24H")
        return None


def _deadline(reader: Reader, bases: dict[str, Basis]) -> Deadline:
    kind = reader.word("for", tuple(SENDER_OF))
    period = None
    duration = reader.text("duration")
    if duration and duration != WITHOUT_DELAY:
        try:
            period = Period.parse(duration)
        except ValueError:
            reader.refuse(
                "duration", f"expected an ISO 8601 duration or {WITHOUT_DELAY}"
            )
    counted_from = reader.word("counted_from", _STARTS, required=period is not None)
    _close(reader, bases)
    return Deadline(kind, period, counted_from)


def _objection(reader: Reader | None, bases: dict[str, Basis]) -> Objection | None:
    if reader is None:
        return None
    window = _period(reader, "window")
    by = reader.words("by", _OBJECTORS)
    if not by:
        reader.refuse("by", f"expected any of {', '.join(_OBJECTORS)}")
    decision = _period(reader, "decision", required=False)
    final = reader.flag("final")
    _close(reader, bases)
    return None if window is None else Objection(window, by, decision, final)


def _retention(reader: Reader | None, bases: dict[str, Basis]) -> Period | None:
    if reader is None:
        return None
    period = _period(reader, "duration")
    _close(reader, bases)
    return period
