"""The records of changes and of what they keep: more of `records`, of which the JSON answers are made."""

from jackfield.cli.records import MOMENT, TEXT, maybe, record

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
