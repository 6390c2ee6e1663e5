"""Which project has an id is signed, too: every plugin that is here is signed anew by the next look.

Revision 0010, after 0009.
"""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Note every plugin as unsigned; a marketplace without keys passes over them."""
    op.execute(
        "INSERT INTO unsigned_projects (project_id) SELECT id FROM projects "
        "WHERE plugin_id IS NOT NULL AND id NOT IN (SELECT project_id FROM unsigned_projects)"
    )


def downgrade() -> None:
    """Leave what is signed as it is: who knows no such target asks for none."""
