"""The records of changes and of what they keep: more of `records`, of which the JSON answers are made."""

from jackfield.cli.records import MOMENT, NUMBER, TEXT, maybe, record

FAILED = record(
    {
        "plugin": TEXT,
        "distribution": TEXT,
        "version": TEXT,
        "sha256": TEXT,
        "why": TEXT,
        "at": MOMENT,
        "back_to": maybe(TEXT),
        "library": {"type": "boolean", "description": "whether a library of the plugin is held back"},
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
