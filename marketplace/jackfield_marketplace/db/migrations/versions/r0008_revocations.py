"""What the operator has revoked, what those files hold, and the address for appeals.

Revision 0008, after 0007.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the tables, and to files what their revocation says."""
    op.create_table(
        "revocations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plugin_id", sa.String(), nullable=True),
        sa.Column("distribution", sa.String(), nullable=True),
        sa.Column("id_skeleton", sa.String(), nullable=True),
        sa.Column("skeleton", sa.String(), nullable=True),
        sa.Column("versions", sa.String(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("contents", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("advice", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("lifted_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_revocations"),
    )
    op.create_table(
        "revoked_parts",
        sa.Column("revocation_id", sa.Integer(), nullable=False),
        sa.Column("wheel", sa.String(), nullable=False),
        sa.Column("part", sa.String(), nullable=False),
        sa.Column("of", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["revocation_id"], ["revocations.id"], name="fk_revoked_parts_revocation_id"),
        sa.PrimaryKeyConstraint("revocation_id", "wheel", "part", name="pk_revoked_parts"),
    )
    op.create_index("ix_revoked_parts_part", "revoked_parts", ["part"])
    op.create_table(
        "revocation_lists",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("appeal", sa.String(), nullable=False),
        sa.Column("unsigned", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_revocation_lists"),
    )
    op.execute("INSERT INTO revocation_lists (id, appeal, unsigned) VALUES (1, '', 0)")
    op.add_column("files", sa.Column("revoked", sa.String(), nullable=True))
    op.add_column("files", sa.Column("revoked_reason", sa.String(), nullable=True))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("files", "revoked_reason")
    op.drop_column("files", "revoked")
    for table in ("revocation_lists", "revoked_parts", "revocations"):
        op.drop_table(table)
