"""What can be wrong with a command, each with the place in its text (U13)."""

from typing import Any


class CommandErrorBase(Exception):
    """Above all errors of commands."""


class IllegalNodeOperation(CommandErrorBase):
    """A script builds a tree that cannot be."""


class CommandError(CommandErrorBase):
    """A command that cannot be run.

    Args:
        message: what is wrong; a text or rich text.
        parsed_command: what of the command was read.
        failed_command: the same with the part that is wrong.
    """

    def __init__(self, message: Any, parsed_command: str, failed_command: str) -> None:
        super().__init__(message)
        self.message = message
        self._parsed = parsed_command
        self._failed = failed_command
        self._handled = False

    def __str__(self) -> str:
        return f"{self.message}: {self._failed}<--"

    def to_rtext(self) -> Any:
        """Return the sentence, with a mark at the place."""
        return str(self)

    def get_error_data(self) -> tuple[Any, ...]:
        """Return what a translation of the message could use."""
        return ()

    def set_message(self, message: Any) -> None:
        """Replace the message."""
        self.message = message

    def get_parsed_command(self) -> str:
        """Return what of the command was read."""
        return self._parsed

    def get_failed_command(self) -> str:
        """Return the command up to and with the part that is wrong."""
        return self._failed

    def get_error_segment(self) -> str:
        """Return the part that is wrong."""
        return self._failed[len(self._parsed) :].strip()

    def set_handled(self) -> None:
        """Say that whoever gave the command was told."""
        self._handled = True

    def is_handled(self) -> bool:
        """Say whether whoever gave the command was told."""
        return self._handled


class UnknownCommand(CommandError):
    """The command ends where nothing can be run."""

    def __init__(self, parsed_command: str, failed_command: str) -> None:
        super().__init__("Unknown command", parsed_command, failed_command)


class UnknownArgument(CommandError):
    """No branch takes what follows."""

    def __init__(self, parsed_command: str, failed_command: str) -> None:
        super().__init__("Unknown argument", parsed_command, failed_command)


class UnknownRootArgument(UnknownArgument):
    """No branch takes what follows the root."""


class RequirementNotMet(CommandError):
    """Whoever gave the command may not."""

    def __init__(self, parsed_command: str, failed_command: str, reason: Any = None) -> None:
        super().__init__(reason if reason is not None else "Permission denied", parsed_command, failed_command)
        self._reason = reason

    def __str__(self) -> str:
        return str(self.message) if self._reason is not None else super().__str__()

    def has_custom_reason(self) -> bool:
        """Say whether the script gave a reason."""
        return self._reason is not None

    def get_reason(self) -> Any:
        """Return the script's reason."""
        return self._reason


class CommandSyntaxError(CommandError):
    """An argument that cannot be read.

    Args:
        message: what is wrong.
        char_read: how many characters of the argument are wrong, or these characters.
    """

    def __init__(self, message: Any, char_read: int | str) -> None:
        super().__init__(message, "", "")
        self.char_read = len(char_read) if isinstance(char_read, str) else char_read

    def set_parsed_command(self, parsed_command: str) -> None:
        """Set what was read before."""
        self._parsed = parsed_command

    def set_failed_command(self, failed_command: str) -> None:
        """Set the command up to and with the mistake."""
        self._failed = failed_command


class IllegalArgument(CommandSyntaxError):
    """An argument of the wrong kind."""


class LiteralNotMatch(CommandSyntaxError):
    """Another word was expected."""


class AbstractOutOfRange(IllegalArgument):
    """A value beyond its bounds.

    Args:
        message: what is wrong.
        char_read: how many characters.
        value: what was given.
        range_l, range_r: the bounds; None where there is none.
    """

    def __init__(self, message: Any, char_read: int | str, value: Any, range_l: Any, range_r: Any) -> None:
        super().__init__(message, char_read)
        self._data = (value, range_l, range_r)

    def get_error_data(self) -> tuple[Any, ...]:
        """Return value and bounds."""
        return self._data


class NumberOutOfRange(AbstractOutOfRange):
    """A number beyond its bounds."""

    def __init__(self, char_read: int | str, value: Any, range_l: Any, range_r: Any) -> None:
        super().__init__(f"Value out of range {_range(range_l, range_r)}", char_read, value, range_l, range_r)


class TextLengthOutOfRange(AbstractOutOfRange):
    """A text that is too short or too long."""

    def __init__(self, char_read: int | str, value: Any, range_l: Any, range_r: Any) -> None:
        super().__init__(f"Text length out of range {_range(range_l, range_r)}", char_read, value, range_l, range_r)


def _range(low: Any, high: Any) -> str:
    return f"[{'-∞' if low is None else low}, {'+∞' if high is None else high}]"


def _illegal(name: str, message: str) -> type[IllegalArgument]:
    def __init__(self: IllegalArgument, char_read: int | str) -> None:  # noqa: N807 (it becomes a class's)
        IllegalArgument.__init__(self, message, char_read)

    return type(name, (IllegalArgument,), {"__init__": __init__, "__doc__": message, "__module__": __name__})


InvalidNumber = _illegal("InvalidNumber", "Invalid number")
InvalidInteger = _illegal("InvalidInteger", "Invalid integer")
InvalidFloat = _illegal("InvalidFloat", "Invalid float")
IllegalEscapesUsage = _illegal("IllegalEscapesUsage", "Illegal usage of escapes")
UnclosedQuotedString = _illegal("UnclosedQuotedString", "Unclosed quoted string")
EmptyText = _illegal("EmptyText", "Empty text is not allowed")
InvalidBoolean = _illegal("InvalidBoolean", "Invalid boolean")
InvalidEnumeration = _illegal("InvalidEnumeration", "Invalid enumeration")
