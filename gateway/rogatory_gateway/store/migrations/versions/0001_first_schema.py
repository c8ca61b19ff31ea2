"""The first schema.

Revision: 0001
Follows: nothing
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_Index = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create every table."""
    op.create_table(
        "blob_grant",
        sa.Column("exchange_id", sa.Text(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("idx", _Index, nullable=False),
        sa.PrimaryKeyConstraint("exchange_id", "sha256", name="pk_blob_grant"),
        sqlite_strict=True,
    )
    op.create_table(
        "counter",
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("sent", _Index, nullable=False),
        sa.Column("received", _Index, nullable=False),
        sa.PrimaryKeyConstraint("party", name="pk_counter"),
        sqlite_strict=True,
    )
    op.create_table(
        "delivery",
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("number", _Index, nullable=False, autoincrement=False),
        sa.Column("idx", _Index, nullable=False),
        sa.PrimaryKeyConstraint("party", "number", name="pk_delivery"),
        sqlite_strict=True,
    )
    op.create_table(
        "entry",
        sa.Column("idx", _Index, nullable=False, autoincrement=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("idx", name="pk_entry"),
        sqlite_strict=True,
    )
    op.create_table(
        "exchange",
        sa.Column("exchange_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("first_idx", _Index, nullable=False),
        sa.Column("create_time", _Index, nullable=False),
        sa.Column("update_time", _Index, nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("exchange_id", name="pk_exchange"),
        sqlite_strict=True,
    )
    op.create_table(
        "head",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("size", _Index, nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("time", _Index, nullable=False),
        sa.Column("checkpoint", sa.LargeBinary(), nullable=False),
        sa.Column("directory_index", _Index),
        sa.Column("profiles_index", _Index),
        sa.PrimaryKeyConstraint("id", name="pk_head"),
        sqlite_strict=True,
    )
    op.create_table(
        "message",
        sa.Column("idx", _Index, nullable=False, autoincrement=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("exchange_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("payload_digest", sa.LargeBinary(), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.Column("openings", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_digests", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("idx", name="pk_message"),
        sa.UniqueConstraint("message_id", name="uq_message_message_id"),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_message_exchange_id_position", "message", ["exchange_id", "position"]
    )
    op.create_table(
        "participation",
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("first_idx", _Index, nullable=False, autoincrement=False),
        sa.Column("exchange_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("party", "first_idx", name="pk_participation"),
        sqlite_strict=True,
    )
    op.create_table(
        "section",
        sa.Column("idx", _Index, nullable=False, autoincrement=False),
        sa.Column("ordinal", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key_id", sa.LargeBinary(), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("idx", "ordinal", name="pk_section"),
        sqlite_strict=True,
    )
    op.create_table(
        "setting",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_setting"),
        sqlite_strict=True,
    )
    op.create_table(
        "statement",
        sa.Column("idx", _Index, nullable=False, autoincrement=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("idx", name="pk_statement"),
        sqlite_strict=True,
    )
    op.create_table(
        "tile",
        sa.Column("level", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("idx", _Index, nullable=False, autoincrement=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "idx", name="pk_tile"),
        sqlite_strict=True,
    )
    op.create_table(
        "upload",
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("size", _Index, nullable=False),
        sa.Column("complete", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("party", "sha256", name="pk_upload"),
        sqlite_strict=True,
    )


def downgrade() -> None:
    """Drop every table."""
    for name in (
        "upload",
        "tile",
        "statement",
        "setting",
        "section",
        "participation",
        "message",
        "head",
        "exchange",
        "entry",
        "delivery",
        "counter",
        "blob_grant",
    ):
        op.drop_table(name)
