"""Signed metadata, its targets, and the projects that wait to be signed.

Revision 0006, after 0005. Every project that is there waits: the first signing takes them all.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_TRIGGERS = (
    """
    CREATE TRIGGER unsigned_insert AFTER INSERT ON projects BEGIN
        INSERT OR IGNORE INTO unsigned_projects (project_id) VALUES (new.id);
    END
    """,
    """
    CREATE TRIGGER unsigned_update AFTER UPDATE OF serial ON projects BEGIN
        INSERT OR IGNORE INTO unsigned_projects (project_id) VALUES (new.id);
    END
    """,
)


def upgrade() -> None:
    """Add the tables and the triggers."""
    op.create_table(
        "signed_roles",
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("role", name="pk_signed_roles"),
    )
    op.create_table(
        "signed_metadata",
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("role", "version", name="pk_signed_metadata"),
    )
    op.create_table(
        "signed_targets",
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=True),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_signed_targets_project_id"),
        sa.PrimaryKeyConstraint("path", name="pk_signed_targets"),
    )
    op.create_index("ix_signed_targets_role", "signed_targets", ["role"])
    op.create_index("ix_signed_targets_project_id", "signed_targets", ["project_id"])
    op.create_table(
        "unsigned_projects",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_unsigned_projects_project_id"),
        sa.PrimaryKeyConstraint("project_id", name="pk_unsigned_projects"),
    )
    op.execute("INSERT INTO unsigned_projects (project_id) SELECT id FROM projects")
    for statement in _TRIGGERS:
        op.execute(statement)


def downgrade() -> None:
    """Drop them."""
    for name in ("insert", "update"):
        op.execute(f"DROP TRIGGER unsigned_{name}")
    for table in ("unsigned_projects", "signed_targets", "signed_metadata", "signed_roles"):
        op.drop_table(table)
