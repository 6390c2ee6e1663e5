"""The first tables, and the full-text index over plugins.

Revision 0001, the first.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# The index follows the table by triggers: whoever writes a plugin cannot forget it, and a download, which touches
# none of these columns, does not rewrite it. `content=` keeps the texts in one place.
_SEARCH = (
    """
    CREATE VIRTUAL TABLE plugin_search USING fts5(
        plugin_id, name, summary, keywords,
        content='plugins', content_rowid='project_id', prefix='2 3', tokenize='unicode61 remove_diacritics 2'
    )
    """,
    """
    CREATE TRIGGER plugins_search_insert AFTER INSERT ON plugins BEGIN
        INSERT INTO plugin_search (rowid, plugin_id, name, summary, keywords)
        VALUES (new.project_id, new.plugin_id, new.name, new.summary, new.keywords);
    END
    """,
    """
    CREATE TRIGGER plugins_search_delete AFTER DELETE ON plugins BEGIN
        INSERT INTO plugin_search (plugin_search, rowid, plugin_id, name, summary, keywords)
        VALUES ('delete', old.project_id, old.plugin_id, old.name, old.summary, old.keywords);
    END
    """,
    """
    CREATE TRIGGER plugins_search_update AFTER UPDATE OF plugin_id, name, summary, keywords ON plugins BEGIN
        INSERT INTO plugin_search (plugin_search, rowid, plugin_id, name, summary, keywords)
        VALUES ('delete', old.project_id, old.plugin_id, old.name, old.summary, old.keywords);
        INSERT INTO plugin_search (rowid, plugin_id, name, summary, keywords)
        VALUES (new.project_id, new.plugin_id, new.name, new.summary, new.keywords);
    END
    """,
)


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("name", name="uq_users_name"),
    )
    op.create_table(
        "projects",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("display_name", sa.String(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("plugin_id", sa.String(), nullable=True),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_projects_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_projects"),
        sa.UniqueConstraint("name", name="uq_projects_name"),
        sa.UniqueConstraint("plugin_id", name="uq_projects_plugin_id"),
    )
    op.create_index("ix_projects_owner_id", "projects", ["owner_id"])

    op.create_table(
        "tokens",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("hint", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=True),
        sa.Column("last_used_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_tokens_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_tokens"),
        sa.UniqueConstraint("digest", name="uq_tokens_digest"),
    )
    op.create_index("ix_tokens_user_id", "tokens", ["user_id"])

    op.create_table(
        "downloads",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_downloads_project_id"),
        sa.PrimaryKeyConstraint("project_id", "version", "day", name="pk_downloads"),
    )
    op.create_table(
        "plugin_categories",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_plugin_categories_project_id"),
        sa.PrimaryKeyConstraint("project_id", "category", name="pk_plugin_categories"),
    )
    op.create_index("ix_plugin_categories_category", "plugin_categories", ["category"])

    op.create_table(
        "plugins",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("plugin_id", sa.String(), nullable=False),
        sa.Column("canonical_id", sa.String(), nullable=False),
        sa.Column("distribution", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("summary", sa.String(), nullable=False),
        sa.Column("keywords", sa.String(), nullable=False),
        sa.Column("publisher", sa.String(), nullable=False),
        sa.Column("isolation", sa.String(), nullable=False),
        sa.Column("app", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("downloads", sa.Integer(), nullable=False),
        sa.Column("featured_rank", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_plugins_project_id"),
        sa.PrimaryKeyConstraint("project_id", name="pk_plugins"),
        sa.UniqueConstraint("canonical_id", name="uq_plugins_canonical_id"),
    )
    op.create_index("ix_plugins_app", "plugins", ["app"])
    op.create_index("ix_plugins_downloads", "plugins", ["downloads"])
    op.create_index("ix_plugins_updated_at", "plugins", ["updated_at"])

    op.create_table(
        "releases",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("summary", sa.String(), nullable=False),
        sa.Column("readme", sa.String(), nullable=False),
        sa.Column("readme_type", sa.String(), nullable=False),
        sa.Column("requires_python", sa.String(), nullable=False),
        sa.Column("requires_dist", sa.JSON(), nullable=False),
        sa.Column("keywords", sa.JSON(), nullable=False),
        sa.Column("links", sa.JSON(), nullable=False),
        sa.Column("manifest_toml", sa.String(), nullable=True),
        sa.Column("changelog", sa.String(), nullable=False),
        sa.Column("app", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_releases_project_id"),
        sa.PrimaryKeyConstraint("id", name="pk_releases"),
        sa.UniqueConstraint("project_id", "version", name="uq_releases_project_id"),
    )
    op.create_index("ix_releases_project_id", "releases", ["project_id"])

    op.create_table(
        "files",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("release_id", sa.Integer(), nullable=False),
        sa.Column("filename", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("requires_python", sa.String(), nullable=False),
        sa.Column("metadata_sha256", sa.String(), nullable=True),
        sa.Column("manifest_sha256", sa.String(), nullable=True),
        sa.Column("uploaded_at", sa.DateTime(), nullable=False),
        sa.Column("uploader_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("yanked_reason", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["release_id"], ["releases.id"], name="fk_files_release_id"),
        sa.ForeignKeyConstraint(["uploader_id"], ["users.id"], name="fk_files_uploader_id"),
        sa.PrimaryKeyConstraint("id", name="pk_files"),
        sa.UniqueConstraint("filename", name="uq_files_filename"),
    )
    op.create_index("ix_files_release_id", "files", ["release_id"])
    op.create_index("ix_files_sha256", "files", ["sha256"])
    for statement in _SEARCH:
        op.execute(statement)


def downgrade() -> None:
    """Drop every table, with all that is in them."""
    for name in ("insert", "delete", "update"):
        op.execute(f"DROP TRIGGER plugins_search_{name}")
    op.execute("DROP TABLE plugin_search")
    for table in ("files", "releases", "plugins", "plugin_categories", "downloads", "tokens", "projects", "users"):
        op.drop_table(table)
