"""The JSON answers of all commands, as JSON Schema (draft 2020-12); `jackfield COMMAND --json-schema` prints one.

Every answer is one object. Where a command fails the answer is `{"error": {…}}` instead, with what was planned beside
it where consent was missing. Fields may be added; none that is here changes its meaning.
"""

from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "integer"}
FLAG: Schema = {"type": "boolean"}
DECIMAL: Schema = {"type": "number"}
MOMENT: Schema = {"type": "string", "description": "ISO 8601, UTC"}


def maybe(schema: Schema) -> Schema:
    """`schema`, or null where nothing is known."""
    return {"anyOf": [schema, {"type": "null"}]}


def many(schema: Schema) -> Schema:
    """A list."""
    return {"type": "array", "items": schema}


def record(required: dict[str, Schema], optional: dict[str, Schema] | None = None) -> Schema:
    """An object with these fields; others may come later.

    Args:
        required: fields that are always there.
        optional: fields that may be absent.
    """
    return {"type": "object", "properties": {**required, **(optional or {})}, "required": list(required)}


ERROR = record(
    {"error": record({"kind": TEXT, "message": TEXT, "exit_code": NUMBER}, {"plugin": TEXT, "hint": TEXT})},
    {"plan": {"type": "object"}},
)

RISK: Schema = {"enum": ["low", "medium", "high"]}

PERMISSION = record(
    {
        "sentence": TEXT,
        "reason": TEXT,
        "risk": RISK,
        "resource": TEXT,
        "action": TEXT,
        "new": FLAG,
        "granted": FLAG,
    }
)

GROWTH = record(
    {
        "kind": {"enum": ["permission", "dependency", "publisher", "source", "isolation"]},
        "plugin": TEXT,
        "permission": maybe(record({"resource": TEXT, "actions": many(TEXT)})),
        "detail": TEXT,
    }
)

ITEM = record(
    {
        "id": maybe(TEXT),
        "distribution": TEXT,
        "old_version": maybe(TEXT),
        "new_version": maybe(TEXT),
        "kind": {"enum": ["plugin", "library"]},
        "source": TEXT,
        "size": {"type": "integer", "minimum": 0, "description": "bytes to fetch"},
        "changelog": maybe(TEXT),
        "unsigned": FLAG,
    }
)

_CONSENT_FIELDS: dict[str, Schema] = {
    "plugin": TEXT,
    "name": TEXT,
    "version": TEXT,
    "previous": maybe(TEXT),
    "source": TEXT,
    "publisher": maybe(TEXT),
    "published": maybe(MOMENT),
    "legacy": FLAG,
    "isolation_sentence": TEXT,
    "permissions": many(PERMISSION),
    "brings": many(TEXT),
    "growth": many(GROWTH),
}

PLAN = record(
    {
        "what": TEXT,
        "added": many(ITEM),
        "changed": many(ITEM),
        "removed": many(ITEM),
        "growth": many(GROWTH),
        "consent": many(record(_CONSENT_FIELDS)),
        "download_bytes": NUMBER,
        "notes": many(TEXT),
        "held": many(record(_CONSENT_FIELDS)),
    }
)

OUTCOME = record({"transaction": TEXT, "generation": NUMBER, "left_out": {"type": "object"}})

CHANGED = record({"app": TEXT, "plan": PLAN, "applied": FLAG, "outcome": maybe(OUTCOME)})

SAID = record({"by": TEXT, "at": MOMENT})

FINDING = record({"kind": TEXT, "plugin": maybe(TEXT), "problem": TEXT, "advice": TEXT})

SAFE_MODE = record({"reason": TEXT, "since": TEXT, "chosen": FLAG})

ROW = record(
    {
        "id": TEXT,
        "name": TEXT,
        "version": TEXT,
        "distribution": TEXT,
        "state": {"enum": ["enabled", "disabled", "found", "blocked", "shadowed"]},
        "enabled": FLAG,
        "origin": TEXT,
        "source": TEXT,
        "isolation": {"enum": ["inline", "worker"], "description": "where it runs here"},
        "isolation_asked": maybe({"enum": ["inline", "worker", "any"], "description": "as its manifest says"}),
        "problem": maybe(TEXT),
        "held": maybe(TEXT),
        "legacy": FLAG,
        "trusted": maybe(SAID),
    },
    {
        "running": maybe(
            record(
                {
                    "state": TEXT,
                    "problem": maybe(TEXT),
                    "hooks": maybe(NUMBER),
                    "calls": NUMBER,
                    "seconds": DECIMAL,
                    "errors": NUMBER,
                }
            )
        ),
    },
)

USE = record(
    {
        "use": TEXT,
        "kind": {"enum": ["hook", "command", "event", "callback", "other", "action", "sent", "blocked"]},
        "calls": NUMBER,
        "errors": NUMBER,
        "seconds": DECIMAL,
        "worst_seconds": DECIMAL,
        "p99_seconds": DECIMAL,
        "last_used": maybe(MOMENT),
        "durations": {"type": "object", "description": "bits of nanoseconds -> how many calls took so long"},
    }
)

STATS = record(
    {
        "plugin": TEXT,
        "invocations": NUMBER,
        "errors": NUMBER,
        "seconds": DECIMAL,
        "worst_seconds": DECIMAL,
        "p99_seconds": DECIMAL,
        "last_used": maybe(MOMENT),
        "hooks": NUMBER,
        "commands": NUMBER,
        "events": NUMBER,
        "events_sent": NUMBER,
        "messages": NUMBER,
        "storage_bytes": NUMBER,
        "blocked": NUMBER,
        "blocked_seconds": DECIMAL,
        "uses": many(USE),
    }
)

LINE = record(
    {"number": NUMBER, "time": MOMENT, "level": TEXT, "message": TEXT},
    {"fields": {"type": "object"}, "traceback": TEXT},
)

STACK = record({"name": TEXT, "stack": TEXT}, {"plugin": maybe(TEXT), "daemon": FLAG})

PERMISSIONS = record({**_CONSENT_FIELDS, "grant": maybe({"type": "object"}), "enabled": FLAG})

FOUND = record(
    {
        "id": TEXT,
        "name": TEXT,
        "summary": TEXT,
        "version": TEXT,
        "distribution": TEXT,
        "publisher": maybe(TEXT),
        "isolation": TEXT,
        "downloads": NUMBER,
        "categories": many(TEXT),
        "app": maybe(TEXT),
        "updated": maybe(MOMENT),
        "marketplace": TEXT,
    }
)

UPDATE = record(
    {
        "id": TEXT,
        "name": TEXT,
        "current": TEXT,
        "new": maybe(TEXT),
        "changelog": TEXT,
        "growth": many(GROWTH),
        "permissions": many(PERMISSION),
        "problem": maybe(TEXT),
        "held": maybe(TEXT),
        "held_back": maybe(TEXT),
        "pinned": maybe(SAID),
        "brings": many(TEXT),
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
        "plugins": {"type": "object", "description": "id -> version"},
    }
)

DAMAGED = record(
    {
        "sha256": TEXT,
        "distribution": TEXT,
        "version": TEXT,
        "plugin": maybe(TEXT),
        "damage": many(TEXT),
        "repaired": FLAG,
        "problem": maybe(TEXT),
    }
)

SETTING = record(
    {
        "key": TEXT,
        "type": TEXT,
        "label": TEXT,
        "description": TEXT,
        "expected": TEXT,
        "value": {"description": "what holds now; null of a secret"},
        "default": {"description": "null of a secret"},
        "set": FLAG,
        "secret": FLAG,
        "minimum": maybe({"type": "number"}),
        "maximum": maybe({"type": "number"}),
        "choices": many(TEXT),
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

_DATA = record({"app": TEXT, "plugin": DATA}, {"file": TEXT})
_SETTINGS = record({"app": TEXT, "plugin": TEXT, "settings": many(SETTING), "file": TEXT, "problems": many(TEXT)})
_WISHED = record(
    {
        "app": TEXT,
        "plugins": many(
            record(
                {"id": TEXT, "enabled": FLAG, "changed": FLAG},
                {"running": maybe(record({"state": TEXT, "problem": maybe(TEXT)}))},
            )
        ),
    }
)
_GIVEN = record({"app": TEXT, "changed": many(TEXT), "plugin": PERMISSIONS})

ANSWERS: dict[str, Schema] = {
    "search": record(
        {
            "app": TEXT,
            "query": TEXT,
            "category": maybe(TEXT),
            "total": NUMBER,
            "plugins": many(FOUND),
            "unreachable": many(TEXT),
        }
    ),
    "info": record(
        {
            "app": TEXT,
            "id": TEXT,
            "installed": maybe(ROW),
            "details": maybe({"type": "object", "description": "as the marketplace's /plugins/{id} answers"}),
            "marketplace": maybe(TEXT),
            "permissions": many(PERMISSION),
            "problem": maybe(TEXT),
        }
    ),
    "install": CHANGED,
    "remove": CHANGED,
    # Two forms: what there is, and what was done.
    "update": {"anyOf": [record({"app": TEXT, "updates": many(UPDATE)}), CHANGED]},
    "rollback": record({"app": TEXT, "report": ROLLBACK}),
    "history": record({"app": TEXT, "total": NUMBER, "entries": many(ENTRY)}),
    "list": record({"app": TEXT, "plugins": many(ROW), "safe_mode": maybe(SAFE_MODE)}),
    "enable": _WISHED,
    "disable": _WISHED,
    "stats": record({"app": TEXT, "running": FLAG, "plugins": many(STATS)}),
    # With --follow each line is printed as an object of its own.
    "logs": {
        "anyOf": [
            record({"app": TEXT, "plugin": TEXT, "running": FLAG, "level": maybe(TEXT), "lines": many(LINE)}),
            LINE,
        ]
    },
    "debug threads": record({"app": TEXT, "process": NUMBER, "threads": many(STACK), "tasks": many(STACK)}),
    "permissions show": record({"app": TEXT, "plugins": many(PERMISSIONS)}),
    "permissions grant": _GIVEN,
    "permissions revoke": _GIVEN,
    "data show": record({"app": TEXT, "plugins": many(DATA)}),
    **dict.fromkeys(("data export", "data quota", "data discard"), _DATA),
    "data keep": record({"app": TEXT, "plugin": TEXT, "changed": FLAG}),
    **dict.fromkeys(("settings show", "settings set", "settings unset", "settings edit"), _SETTINGS),
    "export": record(
        {
            "app": TEXT,
            "plugins": many(record({"id": TEXT, "version": TEXT, "sha256": TEXT, "source": TEXT, "spec": TEXT})),
        }
    ),
    "safe-mode": record({"app": TEXT, "safe_mode": maybe(SAFE_MODE), "left": FLAG}),
    "store verify": record({"app": TEXT, "damaged": many(DAMAGED)}),
    "store gc": record(
        {
            "app": TEXT,
            "applied": FLAG,
            "generations": many(NUMBER),
            "held": many(NUMBER),
            "wheels": many(TEXT),
            "size": {"type": "integer", "minimum": 0, "description": "bytes that are freed"},
        }
    ),
    "doctor": record({"app": TEXT, "findings": many(FINDING)}),
    "bisect": record(
        {
            "app": TEXT,
            "culprit": maybe(TEXT),
            "alone": maybe(FLAG),
            "tried": many(record({"enabled": many(TEXT), "bad": FLAG})),
            "restored": FLAG,
        }
    ),
    "completion": record({"shell": {"enum": ["bash", "zsh", "fish"]}, "script": TEXT}),
}


def schema_of(command: str) -> Schema:
    """The schema of a command's JSON answer, that of a failure included.

    Args:
        command: its name without the program's: `list`, `permissions grant`.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"jackfield {command} --json",
        "oneOf": [ANSWERS[command], ERROR],
    }
