"""Names that plugins give to what they begin: they stand in logs, figures and sentences, beside those of others."""

from jackfield.errors import UsageError

LONGEST_CHARACTERS = 200


def require_name(plugin: str, what: str, *names: str) -> None:
    """Return if these can stand in a line beside others.

    Args:
        plugin: who gives them.
        what: what they are for, as `a service`.
        names: one or several.

    Raises:
        UsageError: one is too long, or holds what ends a line, moves a cursor or turns the order of text round.
    """
    for name in names:
        if not name.isprintable() or len(name) > LONGEST_CHARACTERS:
            raise UsageError(
                f"{plugin} cannot name {what} {name[:LONGEST_CHARACTERS]!a}",
                plugin=plugin,
                hint=f"a name is of at most {LONGEST_CHARACTERS} characters, each of which can be printed",
            )
