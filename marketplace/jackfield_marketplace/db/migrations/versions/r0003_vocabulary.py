"""The vocabulary of search in a table of its own, where words are found by their beginning and by their end.

Revision 0003, after 0002. FTS5's view of its own vocabulary (`fts5vocab`) counts every place of every word it passes.
"""

from alembic import op

revision = "0003"
down_revision = "0002"

_NAMES = ("plugin_id", "name", "summary", "keywords")


def _words(row: str) -> str:
    texts = " || ' ' || ".join(f"{row}.{name}" for name in _NAMES)
    return f"json_each(words_backwards({texts}))"


# `words_backwards` is ours: every connection of `db.Database` has it.
_ADD = f"""
INSERT INTO plugin_search_words (word, backwards, plugins) SELECT key, value, 1 FROM {_words("new")} WHERE true
ON CONFLICT (word) DO UPDATE SET plugins = plugins + 1;
"""  # noqa: S608  # words of this file
_REMOVE = f"""
UPDATE plugin_search_words SET plugins = plugins - 1 WHERE word IN (SELECT key FROM {_words("old")});
DELETE FROM plugin_search_words WHERE plugins <= 0 AND word IN (SELECT key FROM {_words("old")});
"""  # noqa: S608  # words of this file
_CHANGED = " OR ".join(f"old.{name} IS NOT new.{name}" for name in _NAMES)

_VOCABULARY = (
    """
    CREATE TABLE plugin_search_words (
        word TEXT NOT NULL PRIMARY KEY, backwards TEXT NOT NULL, plugins INTEGER NOT NULL
    ) WITHOUT ROWID
    """,
    f"""
    INSERT INTO plugin_search_words (word, backwards, plugins)
    SELECT key, value, count(*) FROM plugins, {_words("plugins")} GROUP BY key
    """,  # noqa: S608  # words of this file
    "CREATE INDEX ix_plugin_search_words_backwards ON plugin_search_words (backwards)",
    f"CREATE TRIGGER plugins_words_insert AFTER INSERT ON plugins BEGIN {_ADD} END",
    f"CREATE TRIGGER plugins_words_delete AFTER DELETE ON plugins BEGIN {_REMOVE} END",
    f"""
    CREATE TRIGGER plugins_words_update AFTER UPDATE OF {", ".join(_NAMES)} ON plugins WHEN {_CHANGED}
    BEGIN {_REMOVE} {_ADD} END
    """,
)


def upgrade() -> None:
    """Replace the view by the table, filled and kept by triggers."""
    op.execute("DROP TABLE plugin_search_words")
    for statement in _VOCABULARY:
        op.execute(statement)


def downgrade() -> None:
    """Bring the view back."""
    for name in ("insert", "delete", "update"):
        op.execute(f"DROP TRIGGER plugins_words_{name}")
    op.execute("DROP TABLE plugin_search_words")
    op.execute("CREATE VIRTUAL TABLE plugin_search_words USING fts5vocab('plugin_search', 'row')")
