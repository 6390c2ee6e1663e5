"""Small files lie in the database, beside the rows that point to them.

Revision 0004, after 0003. What was published before stays where it is, in the folder of blobs.
"""

import os
from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "contents",
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_contents"),
    )


def downgrade() -> None:
    """Drop it; the files in it move into the folder of blobs beside the database."""
    connection = op.get_bind()
    folder = Path(connection.engine.url.database or "").parent / "blobs"
    for sha256, data in connection.execute(sa.text("SELECT sha256, data FROM contents")):
        target = folder / sha256[:2] / sha256
        target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        with target.with_name(f"{sha256}.part").open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).replace(target)
    op.drop_table("contents")
