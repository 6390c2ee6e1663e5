"""Publishers' own signatures, beside files.

Revision 0007, after 0006.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the column."""
    op.add_column("files", sa.Column("attestation_sha256", sa.String(), nullable=True))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("files", "attestation_sha256")
