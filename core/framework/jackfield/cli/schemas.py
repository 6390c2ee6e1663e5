"""The JSON answers of all commands, as JSON Schema (draft 2020-12); `jackfield COMMAND --json-schema` prints one.

Every answer is one object. Where a command fails the answer is `{"error": {…}}` instead, with what was planned beside
it where consent was missing. Fields may be added; none that is here changes its meaning.
"""

from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "integer"}
FLAG: Schema = {"type": "boolean"}
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

ANSWERS: dict[str, Schema] = {
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
