"""Search by popularity, kept skeletons of names, project status, token scopes, and one serial of the whole catalogue.

Revision 0002, after 0001.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_COLUMNS = "plugin_id, name, summary, keywords"
_TEXTS = f"{_COLUMNS}, facets"
_CATALOGUE = (
    "INSERT INTO catalogue (id, serial) VALUES (1, 1)",
    """
    CREATE TRIGGER catalogue_insert AFTER INSERT ON projects BEGIN
        UPDATE catalogue SET serial = serial + 1;
    END
    """,
    """
    CREATE TRIGGER catalogue_update AFTER UPDATE OF serial ON projects BEGIN
        UPDATE catalogue SET serial = serial + 1;
    END
    """,
)


def _search(texts: str, row: str, prefixes: str) -> tuple[str, ...]:
    """The full-text index over these columns of `plugins`, numbered by `row`, and the triggers that keep it."""
    new = f"({', '.join(f'new.{name.strip()}' for name in f'{row}, {texts}'.split(','))})"
    old = f"('delete', {', '.join(f'old.{name.strip()}' for name in f'{row}, {texts}'.split(','))})"
    add = f"INSERT INTO plugin_search (rowid, {texts}) VALUES {new};"  # noqa: S608  # words of this file
    remove = f"INSERT INTO plugin_search (plugin_search, rowid, {texts}) VALUES {old};"  # noqa: S608  # words of this file
    return (
        f"""
        CREATE VIRTUAL TABLE plugin_search USING fts5(
            {texts},
            content='plugins', content_rowid='{row}', prefix='{prefixes}', tokenize='unicode61 remove_diacritics 2'
        )
        """,
        f"CREATE TRIGGER plugins_search_insert AFTER INSERT ON plugins BEGIN {add} END",
        f"CREATE TRIGGER plugins_search_delete AFTER DELETE ON plugins BEGIN {remove} END",
        f"CREATE TRIGGER plugins_search_update AFTER UPDATE OF {texts} ON plugins BEGIN {remove} {add} END",
        f"INSERT INTO plugin_search (rowid, {texts}) SELECT {row}, {texts} FROM plugins ORDER BY {row}",  # noqa: S608  # words of this file
    )


def _drop_search() -> None:
    for name in ("insert", "delete", "update"):
        op.execute(f"DROP TRIGGER plugins_search_{name}")
    op.execute("DROP TABLE plugin_search")


def _skeleton(name: str | None) -> str | None:
    # As `catalog.lookalikes` had it when this revision was made.
    same = str.maketrans({"0": "o", "1": "l", "i": "l", "5": "s", "-": ""})
    return None if name is None else name.translate(same).replace("rn", "m").replace("vv", "w")


def _facet(kind: str, value: str) -> str:
    # As `search.facets` had it when this revision was made.
    return f"\ue000{kind}" + "".join(one if one.isalnum() else "\ue001" for one in value.lower())


def _fill() -> None:
    """What the new columns hold for the rows that are there."""
    connection = op.get_bind()
    for identity, name, plugin_id in connection.execute(sa.text("SELECT id, name, plugin_id FROM projects")).all():
        values = {"id": identity, "name": _skeleton(name), "plugin": _skeleton(plugin_id)}
        connection.execute(
            sa.text("UPDATE projects SET skeleton = :name, id_skeleton = :plugin WHERE id = :id"), values
        )
    categories: dict[int, list[str]] = {}
    for identity, category in connection.execute(sa.text("SELECT project_id, category FROM plugin_categories")):
        categories.setdefault(identity, []).append(category)
    plugins = connection.execute(
        sa.text("SELECT project_id, app FROM plugins ORDER BY downloads DESC, canonical_id")
    ).all()
    for rank, (identity, app) in enumerate(plugins, 1):
        facets = [_facet("a", app), *(_facet("c", category) for category in categories.get(identity, ()))]
        values = {"id": identity, "rank": rank, "facets": " ".join(facets)}
        connection.execute(sa.text("UPDATE plugins SET rank = :rank, facets = :facets WHERE project_id = :id"), values)


def upgrade() -> None:
    """Add the columns, fill them, and number the full-text index by popularity."""
    op.add_column("tokens", sa.Column("project", sa.String(), nullable=True))
    op.add_column("projects", sa.Column("skeleton", sa.String(), nullable=False, server_default=""))
    op.add_column("projects", sa.Column("id_skeleton", sa.String(), nullable=True))
    op.add_column("projects", sa.Column("status", sa.String(), nullable=False, server_default="active"))
    op.add_column("projects", sa.Column("status_reason", sa.String(), nullable=False, server_default=""))
    op.create_index("ix_projects_skeleton", "projects", ["skeleton"])
    op.create_index("ix_projects_id_skeleton", "projects", ["id_skeleton"])
    op.create_table(
        "catalogue",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_catalogue"),
    )
    _drop_search()
    op.add_column("plugins", sa.Column("rank", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("plugins", sa.Column("facets", sa.String(), nullable=False, server_default=""))
    op.create_index("ix_plugins_rank", "plugins", ["rank"])
    _fill()
    for statement in (*_search(_TEXTS, "rank", "1 2 3 4 5 6"), *_CATALOGUE):
        op.execute(statement)
    op.execute("CREATE VIRTUAL TABLE plugin_search_words USING fts5vocab('plugin_search', 'row')")


def downgrade() -> None:
    """Number the index by project again and drop what was added."""
    op.execute("DROP TABLE plugin_search_words")
    for name in ("insert", "update"):
        op.execute(f"DROP TRIGGER catalogue_{name}")
    _drop_search()
    op.drop_index("ix_plugins_rank", "plugins")
    for column in ("rank", "facets"):
        op.drop_column("plugins", column)
    op.drop_table("catalogue")
    for name in ("skeleton", "id_skeleton"):
        op.drop_index(f"ix_projects_{name}", "projects")
    for column in ("skeleton", "id_skeleton", "status", "status_reason"):
        op.drop_column("projects", column)
    op.drop_column("tokens", "project")
    for statement in _search(_COLUMNS, "project_id", "2 3"):
        op.execute(statement)
