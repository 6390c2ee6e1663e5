"""The records of changes and of what they keep: more of `records`, of which the JSON answers are made."""

from jackfield.cli.records import FLAG, MOMENT, NUMBER, TEXT, many, maybe, record

FAILED = record(
    {
        "plugin": TEXT,
        "distribution": TEXT,
        "version": TEXT,
        "sha256": TEXT,
        "why": TEXT,
        "at": MOMENT,
        "back_to": maybe(TEXT),
        "back_sha256": maybe(TEXT),
        "library": {"type": "boolean", "description": "whether a library of the plugin is held back"},
        "along": many(TEXT),
    }
)

ROLLBACK = record(
    {
        "from": NUMBER,
        "to": NUMBER,
        "restored": many(TEXT),
        "kept": many(TEXT),
        "kept_in_words": many(TEXT),
        "undone": many(TEXT),
        "redone": many(TEXT),
        "plugins": {"type": "object", "description": "id -> version before and version now; null for not installed"},
    }
)

ENTRY = record(
    {
        "generation": NUMBER,
        "previous": NUMBER,
        "at": MOMENT,
        "by": TEXT,
        "what": TEXT,
        "transaction": TEXT,
        "current": FLAG,
        "undone": FLAG,
        "gone": FLAG,
        "plugins": {"type": "object", "description": "id -> version"},
        "why": {"type": "string", "description": "what made somebody do it; empty where nobody said"},
    }
)

EVENT = record({"at": MOMENT, "by": TEXT, "plugin": TEXT, "why": TEXT})

UPGRADED = record(
    {
        "id": TEXT,
        "version": TEXT,
        "fate": {"enum": ["keeps", "update", "blocked"], "description": "what becomes of it"},
        "to": maybe({"type": "string", "description": "the version that it needs"}),
        "why": TEXT,
        "tested": maybe(TEXT),
    }
)

SNAPSHOT = record(
    {
        "plugin": TEXT,
        "number": NUMBER,
        "kind": {"enum": ["copy", "aside"], "description": "taken before a change, or set aside on a way back"},
        "data_version": NUMBER,
        "at": MOMENT,
        "why": TEXT,
        "size": {"type": "integer", "description": "bytes"},
    }
)

_MOVED = record(
    {
        "id": maybe(TEXT),
        "distribution": TEXT,
        "old": maybe(TEXT),
        "new": maybe(TEXT),
        "of": maybe({"type": "string", "description": "the plugin's distribution whose own library it is"}),
        "rebuilt": FLAG,
    }
)
DIFFERENCE = record(
    {
        "from": NUMBER,
        "to": NUMBER,
        "plugins": many(_MOVED),
        "libraries": many(_MOVED),
        "permissions": many(record({"plugin": TEXT, "more": many(TEXT), "less": many(TEXT)})),
        "isolation": {"type": "object", "description": "id -> where it ran and where it runs"},
    }
)

LOCKED = record(
    {
        "name": {"type": "string", "description": "platform and Python: linux-x86_64-cp311"},
        "plugins": {"type": "object", "description": "id -> version"},
        "files": NUMBER,
        "missing": {"type": "object", "description": "id -> why it is not to be had for this target"},
    }
)

DATA = record(
    {
        "plugin": TEXT,
        "installed": FLAG,
        "stored_bytes": NUMBER,
        "files": NUMBER,
        "files_bytes": NUMBER,
        "configuration": {"type": "integer", "description": "files of its configuration"},
        "snapshots_bytes": NUMBER,
        "settings": many(TEXT),
        "secrets": many(TEXT),
        "quota": {"type": "integer", "description": "bytes that it may keep"},
        "marked": {"type": "boolean", "description": "deleted when the application starts next"},
        "words": many(TEXT),
    }
)
