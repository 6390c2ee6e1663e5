"""The records of which the JSON answers of commands are made, as JSON Schema; `schemas` puts them together."""

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


def by_name(schema: Schema) -> Schema:
    """Names with values of that kind."""
    return {"type": "object", "additionalProperties": schema}


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

_MADE: dict[str, Schema] = {
    "publisher": maybe(TEXT),
    "key": maybe({"type": "string", "description": "sha256 of the publisher's key that signed it"}),
    "made_by": maybe({"type": "string", "description": "publisher and key, for people"}),
    "published": maybe(MOMENT),
}
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
        "of": maybe({"type": "string", "description": "the plugin whose own library it is"}),
        **_MADE,
    }
)

_CONSENT_FIELDS: dict[str, Schema] = {
    "plugin": TEXT,
    "name": TEXT,
    "version": TEXT,
    "previous": maybe(TEXT),
    "source": TEXT,
    **_MADE,
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
        "moved": {"type": "object", "description": "id -> where it runs afterwards, of those that run elsewhere then"},
        "migrates": {"type": "object", "description": "id -> shape of its data before and after, where it changes"},
        "blocked": {"type": "object", "description": "id -> why, of installed plugins that stay and do not run"},
        "growth": many(GROWTH),
        "consent": many(record(_CONSENT_FIELDS)),
        "download_bytes": NUMBER,
        "notes": many(TEXT),
        "held": many(record(_CONSENT_FIELDS)),
    }
)

OUTCOME = record({"transaction": TEXT, "generation": NUMBER, "left_out": {"type": "object"}})
CHANGED = record(
    {"app": TEXT, "plan": PLAN, "applied": FLAG, "outcome": maybe(OUTCOME)},
    {
        "running": maybe(
            {
                "type": "object",
                "description": "id -> state and problem in the running application, of what came or changed",
            }
        ),
        "purged": many(record({"plugin": TEXT, "deleted": FLAG, "problem": maybe(TEXT)})),
    },
)
SAID = record({"by": TEXT, "at": MOMENT})
FINDING = record({"kind": TEXT, "plugin": maybe(TEXT), "problem": TEXT, "advice": TEXT, "note": FLAG})
SANDBOX = record(
    {
        "grade": {"enum": ["full", "base", "process"], "description": "how well this machine confines a process"},
        "sentences": many(TEXT),
        "attacks": many(record({"attack": TEXT, "unconfined": FLAG, "held": FLAG})),
    }
)
KEY = record(
    {
        "number": TEXT,
        "plugin": TEXT,
        "name": TEXT,
        "made": MOMENT,
        "by": TEXT,
        "last_used": maybe(MOMENT),
        "address": TEXT,
    },
    {"connected": maybe(FLAG), "memory_bytes": maybe(NUMBER)},
)
ISOLATION = record(
    {
        "plugin": TEXT,
        "asked": maybe(TEXT),
        "chosen": maybe(TEXT),
        "choices": many(TEXT),
        "isolation": {"enum": ["inline", "worker", "process", "external"]},
        "grade": maybe({"enum": ["full", "base"]}),
        "problem": maybe(TEXT),
        "sentence": TEXT,
    }
)
SAFE_MODE = record({"reason": TEXT, "since": TEXT, "chosen": FLAG})

REVOKED = record(
    {
        "marketplace": TEXT,
        "reason": TEXT,
        "severity": {"enum": ["critical", "high", "low"]},
        "advice": TEXT,
        "appeal": {"type": "string", "description": "where who disagrees turns to; may be empty"},
        "revoked": TEXT,
        "checked": {"type": "string", "description": "when the marketplace's list was last verified"},
        "problem": TEXT,
        "stopped": FLAG,
        "allowed_until": maybe(MOMENT),
        "library": {"type": "string", "description": "the library that is meant; empty for the plugin itself"},
    }
)

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
        "isolation": {"enum": ["inline", "worker", "process", "external"], "description": "where it runs here"},
        "grade": maybe({"enum": ["full", "base"], "description": "how well a worker is confined here"}),
        "isolation_asked": maybe(
            {"enum": ["inline", "worker", "any", "external"], "description": "as its manifest says"}
        ),
        "problem": maybe(TEXT),
        "held": maybe(TEXT),
        "legacy": FLAG,
        "trusted": maybe(SAID),
        "revoked": maybe(REVOKED),
    },
    {
        "last_failure": maybe(TEXT),
        "running": maybe(
            record(
                {
                    "version": {"type": "string", "description": "of the code that runs there, or would"},
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

DAMAGED = record(
    {
        "sha256": TEXT,
        "distribution": TEXT,
        "version": TEXT,
        "plugin": maybe(TEXT),
        "damage": many(TEXT),
        "repaired": FLAG,
        "problem": maybe(TEXT),
        "of": many(TEXT),
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

LIMIT = record(
    {
        "name": TEXT,
        "measure": {"enum": ["size", "time", "share", "count"], "description": "bytes, seconds, of one core, a number"},
        "description": TEXT,
        "default": DECIMAL,
        "manifest": maybe(DECIMAL),
        "user": maybe(DECIMAL),
        "in_force": DECIMAL,
        "lowest": DECIMAL,
        "highest": DECIMAL,
    }
)
