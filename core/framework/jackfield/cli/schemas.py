"""The JSON answers of all commands, as JSON Schema (draft 2020-12); `jackfield COMMAND --json-schema` prints one.

Every answer is one object. Where a command fails the answer is `{"error": {…}}` instead, with what was planned beside
it where consent was missing. Fields may be added; none that is here changes its meaning.
"""

from jackfield.cli.change_records import DATA, DIFFERENCE, ENTRY, EVENT, FAILED, LOCKED, ROLLBACK, SNAPSHOT, UPGRADED
from jackfield.cli.marketplace_records import TRUST_ANSWERS
from jackfield.cli.records import (
    CHANGED,
    DAMAGED,
    ERROR,
    FINDING,
    FLAG,
    FOUND,
    ISOLATION,
    KEY,
    LIMIT,
    LINE,
    NUMBER,
    OUTCOME,
    PERMISSION,
    PERMISSIONS,
    PLAN,
    ROW,
    SAFE_MODE,
    SANDBOX,
    SETTING,
    STACK,
    STATS,
    TEXT,
    Schema,
    by_name,
    many,
    maybe,
    record,
)
from jackfield.cli.update_records import DEFAULT_POLICY, POLICY, UPDATE

_DATA = record({"app": TEXT, "plugin": DATA}, {"file": TEXT})
_SETTINGS = record({"app": TEXT, "plugin": TEXT, "settings": many(SETTING), "file": TEXT, "problems": many(TEXT)})
_WISHED = record(
    {
        "app": TEXT,
        "plugins": many(
            record(
                {"id": TEXT, "enabled": FLAG, "changed": FLAG},
                {"running": maybe(record({"state": TEXT, "problem": maybe(TEXT)})), "clashes": many(TEXT)},
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
            "revoked": many(record({"versions": TEXT, "problem": TEXT})),
            "works_with": record({"requirement": maybe(TEXT), "tested": many(TEXT), "sentence": TEXT}),
            "key": maybe({"type": "string", "description": "sha256 of the publisher's key of what is installed"}),
            "offered_key": maybe({"type": "string", "description": "the same of the version in details"}),
            "libraries": by_name(TEXT),
        }
    ),
    "install": CHANGED,
    "remove": CHANGED,
    # Two forms: what there is, and what was done.
    "update": {"anyOf": [record({"app": TEXT, "updates": many(UPDATE)}), CHANGED]},
    "check-upgrade": record({"app": TEXT, "upgrade": by_name(TEXT), "plugins": many(UPGRADED)}),
    "rollback": record({"app": TEXT, "report": ROLLBACK}),
    "history": record({"app": TEXT, "total": NUMBER, "entries": many(ENTRY), "revocations": many(EVENT)}),
    "diff": record({"app": TEXT, "difference": DIFFERENCE}),
    "list": record({"app": TEXT, "plugins": many(ROW), "safe_mode": maybe(SAFE_MODE), "failed": many(FAILED)}),
    "policy": record({"app": TEXT, "default": DEFAULT_POLICY, "plugins": many(POLICY)}),
    "pin": record({"app": TEXT, "pins": many(record({"id": TEXT, "held": TEXT})), "failed": many(FAILED)}),
    "allow-revoked": record({"app": TEXT, "plugins": many(ROW)}),
    "enable": _WISHED,
    "disable": _WISHED,
    "stats": record({"app": TEXT, "running": FLAG, "plugins": many(STATS)}),
    # With --follow each line is printed as an object of its own.
    "logs": {
        "anyOf": [
            record(
                {"app": TEXT, "plugin": TEXT, "running": FLAG, "level": maybe(TEXT), "lines": many(LINE)},
                {"elsewhere": TEXT},
            ),
            LINE,
        ]
    },
    "debug threads": record({"app": TEXT, "process": NUMBER, "threads": many(STACK), "tasks": many(STACK)}),
    "debug translations": record(
        {
            "app": TEXT,
            "plugin": TEXT,
            "languages": many(TEXT),
            "texts": by_name(by_name(TEXT)),
            "missing": by_name(many(TEXT)),
            "seen": maybe(by_name(maybe(TEXT))),
        }
    ),
    "isolation": record(
        {"app": TEXT, "isolation": ISOLATION, "plan": maybe(PLAN), "applied": FLAG, "outcome": maybe(OUTCOME)}
    ),
    "permissions show": record({"app": TEXT, "plugins": many(PERMISSIONS)}),
    "permissions grant": _GIVEN,
    "permissions revoke": _GIVEN,
    "keys new": record(
        {
            "app": TEXT,
            "plugin": TEXT,
            "number": maybe(TEXT),
            "temporary": FLAG,
            "key": maybe(TEXT),
            "key_file": maybe(TEXT),
        }
    ),
    **TRUST_ANSWERS,
    "keys list": record({"app": TEXT, "running": FLAG, "keys": many(KEY)}),
    "keys revoke": record({"app": TEXT, "revoked": many(KEY), "running": FLAG}),
    "data show": record({"app": TEXT, "plugins": many(DATA)}),
    **dict.fromkeys(("data export", "data quota", "data discard"), _DATA),
    **dict.fromkeys(("snapshots list", "snapshots discard"), record({"app": TEXT, "snapshots": many(SNAPSHOT)})),
    "snapshots restore": record({"app": TEXT, "plugin": TEXT, "number": NUMBER, "restored": FLAG}),
    "data keep": record({"app": TEXT, "plugin": TEXT, "changed": FLAG}),
    **dict.fromkeys(("settings show", "settings set", "settings unset", "settings edit"), _SETTINGS),
    "limits": record({"app": TEXT, "plugin": TEXT, "limits": many(LIMIT)}),
    "lock": record({"app": TEXT, "file": maybe(TEXT), "targets": many(LOCKED)}),
    "sync": CHANGED,
    "bundle": record({"app": TEXT, "file": TEXT, "size": NUMBER, "targets": many(LOCKED), "notes": many(TEXT)}),
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
            "downloads": NUMBER,
            "size": {"type": "integer", "minimum": 0, "description": "bytes that are freed"},
        }
    ),
    "doctor": record({"app": TEXT, "findings": many(FINDING), "sandbox": SANDBOX}),
    "bisect": record(
        {
            "app": TEXT,
            "culprit": maybe(TEXT),
            "alone": maybe(FLAG),
            "disabled": FLAG,
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
