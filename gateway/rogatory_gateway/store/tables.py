"""The gateway's tables (SQLAlchemy Core), the same on SQLite and PostgreSQL.

The log's own rows (`head`, `entry`, `tile`) and what they speak of (`message`,
`section`, `delivery`, `statement`) are written in one transaction. `exchange`,
`participation` and `counter` are projections: they can be rebuilt from the messages.
Nothing here identifies a person, an account or a piece of content: that is inside
`section.ciphertext`, to which the gateway has no key.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite gives 64-bit row ids to INTEGER PRIMARY KEY alone, PostgreSQL to BIGINT.
_Index = BigInteger().with_variant(Integer(), "sqlite")
_STRICT: dict[str, Any] = {"sqlite_strict": True}

setting = Table(
    "setting",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
    **_STRICT,
)
"""What was fixed when the log was created: origin, dev."""

head = Table(
    "head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("size", _Index, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("time", _Index, nullable=False),
    Column("checkpoint", LargeBinary, nullable=False),
    Column("directory_index", _Index),
    Column("profiles_index", _Index),
    **_STRICT,
)
"""One row, the lock of all appending. `time` is the newest entry's, Unix seconds."""

entry = Table(
    "entry",
    metadata,
    Column("idx", _Index, primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),
    **_STRICT,
)
"""The log's entries."""

tile = Table(
    "tile",
    metadata,
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("idx", _Index, primary_key=True, autoincrement=False),
    Column("hashes", LargeBinary, nullable=False),
    **_STRICT,
)
"""Tiles of hashes; the rightmost of each level grows in place."""

statement = Table(
    "statement",
    metadata,
    Column("idx", _Index, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("envelope", LargeBinary, nullable=False),
    **_STRICT,
)
"""Directory and profiles statements; `kind` is that of the entry."""

message = Table(
    "message",
    metadata,
    Column("idx", _Index, primary_key=True, autoincrement=False),
    Column("message_id", Text, nullable=False, unique=True),
    Column("exchange_id", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("payload_digest", LargeBinary, nullable=False),
    Column("envelope", LargeBinary, nullable=False),
    Column("openings", LargeBinary, nullable=False),
    Column("sealed_digests", LargeBinary, nullable=False),
    Index(None, "exchange_id", "position"),
    **_STRICT,
)
"""Messages. `position` counts within the exchange, -1 for the gateway's own words;
`openings` is a Receipt that holds all openings; `sealed_digests` is 32 B each."""

section = Table(
    "section",
    metadata,
    Column("idx", _Index, primary_key=True, autoincrement=False),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    Column("party", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("key_id", LargeBinary, nullable=False),
    Column("ciphertext", LargeBinary, nullable=False),
    **_STRICT,
)
"""Ciphertexts, in the order in which the entry's `sealed` covers them."""

delivery = Table(
    "delivery",
    metadata,
    Column("party", Text, primary_key=True),
    Column("number", _Index, primary_key=True, autoincrement=False),
    Column("idx", _Index, nullable=False),
    **_STRICT,
)
"""Inboxes: what a party received as its n-th."""

counter = Table(
    "counter",
    metadata,
    Column("party", Text, primary_key=True),
    Column("sent", _Index, nullable=False),
    Column("received", _Index, nullable=False),
    **_STRICT,
)
"""How many entries a party has sent and received."""

exchange = Table(
    "exchange",
    metadata,
    Column("exchange_id", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("first_idx", _Index, nullable=False),
    Column("create_time", _Index, nullable=False),
    Column("update_time", _Index, nullable=False),
    Column("state", LargeBinary, nullable=False),
    **_STRICT,
)
"""State of each exchange after `version` messages; times are those of entries."""

participation = Table(
    "participation",
    metadata,
    Column("party", Text, primary_key=True),
    Column("first_idx", _Index, primary_key=True, autoincrement=False),
    Column("exchange_id", Text, nullable=False),
    **_STRICT,
)
"""Which exchanges a party has a part in, in order of their first entry."""

upload = Table(
    "upload",
    metadata,
    Column("party", Text, primary_key=True),
    Column("sha256", LargeBinary, primary_key=True),
    Column("size", _Index, nullable=False),
    Column("complete", Integer, nullable=False),
    **_STRICT,
)
"""Evidence files by who uploads them; the bytes lie in the blob store."""

grant = Table(
    "blob_grant",
    metadata,
    Column("exchange_id", Text, primary_key=True),
    Column("sha256", LargeBinary, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("idx", _Index, nullable=False),
    **_STRICT,
)
"""Which message of which exchange names which evidence file."""
