"""How often a rollout went on after it had been halted.

Revision 0011, after 0010.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the count; none of those that are there went on so far, for all that is known."""
    op.add_column("stages", sa.Column("resumed", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("stages", "resumed")
