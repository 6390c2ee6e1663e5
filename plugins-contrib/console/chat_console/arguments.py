"""Argument nodes of scripts' commands: numbers, texts, truth, choices (U13)."""

import math
from collections.abc import Callable
from enum import Enum
from typing import Any

from chat_console.command_errors import (
    EmptyText,
    IllegalEscapesUsage,
    InvalidBoolean,
    InvalidEnumeration,
    InvalidFloat,
    InvalidInteger,
    InvalidNumber,
    NumberOutOfRange,
    TextLengthOutOfRange,
    UnclosedQuotedString,
)
from chat_console.nodes import DIVIDER, ArgumentNode, CommandContext, ParseResult


class reading:  # noqa: N801 (scripts know it as the module command_builder_utils)
    """How the beginning of a text is read; for argument nodes that scripts make themselves."""

    @staticmethod
    def remove_divider_prefix(text: str) -> str:
        """Return the text without the spaces before it."""
        return text.lstrip(DIVIDER)

    @staticmethod
    def get_element(text: str) -> str:
        """Return what stands before the first space."""
        return text.partition(DIVIDER)[0]

    @staticmethod
    def get_int(text: str) -> tuple[int | None, int]:
        """Return the whole number that the text begins with, or None, and how many characters were read."""
        return _number(int, text)

    @staticmethod
    def get_float(text: str) -> tuple[float | None, int]:
        """Return the number that the text begins with, or None, and how many characters were read."""
        return _number(float, text)


def _number(kind: Callable[[str], Any], text: str) -> tuple[Any, int]:
    element = reading.get_element(text)
    try:
        value = kind(element)
    except ValueError:
        return None, len(element)
    return (value, len(element)) if math.isfinite(value) else (None, len(element))


class NumberNode(ArgumentNode):
    """A number, perhaps within bounds."""

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__(name, **options)
        self._least: float | None = None
        self._most: float | None = None

    def at_min(self, min_value: float) -> "NumberNode":
        """Refuse what is below."""
        self._least = min_value
        return self

    def at_max(self, max_value: float) -> "NumberNode":
        """Refuse what is above."""
        self._most = max_value
        return self

    def in_range(self, min_value: float, max_value: float) -> "NumberNode":
        """Refuse what is below or above."""
        return self.at_min(min_value).at_max(max_value)

    def _checked(self, value: float, read: int) -> ParseResult:
        if (self._least is not None and value < self._least) or (self._most is not None and value > self._most):
            raise NumberOutOfRange(read, value, self._least, self._most)
        return ParseResult(value, read)


class Integer(NumberNode):
    """A whole number."""

    def parse(self, text: str) -> ParseResult:
        """Take the number."""
        value, read = reading.get_int(text)
        if value is None:
            raise InvalidInteger(read)
        return self._checked(value, read)


class Float(NumberNode):
    """A number with a fraction."""

    def parse(self, text: str) -> ParseResult:
        """Take the number."""
        value, read = reading.get_float(text)
        if value is None:
            raise InvalidFloat(read)
        return self._checked(value, read)


class Number(NumberNode):
    """A whole number where it is one, else one with a fraction."""

    def parse(self, text: str) -> ParseResult:
        """Take the number."""
        value, read = reading.get_int(text)
        if value is None:
            value, read = reading.get_float(text)  # type: ignore[assignment]  # a float is a number, too
        if value is None:
            raise InvalidNumber(read)
        return self._checked(value, read)


class TextNode(ArgumentNode):
    """A text, perhaps of a bounded length."""

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__(name, **options)
        self._shortest: int | None = None
        self._longest: int | None = None

    def at_min_length(self, min_length: int) -> "TextNode":
        """Refuse what is shorter."""
        self._shortest = min_length
        return self

    def at_max_length(self, max_length: int) -> "TextNode":
        """Refuse what is longer."""
        self._longest = max_length
        return self

    def in_length_range(self, min_length: int, max_length: int) -> "TextNode":
        """Refuse what is shorter or longer."""
        return self.at_min_length(min_length).at_max_length(max_length)

    def _checked(self, text: str, read: int) -> ParseResult:
        size = len(text)
        if (self._shortest is not None and size < self._shortest) or (
            self._longest is not None and size > self._longest
        ):
            raise TextLengthOutOfRange(read, size, self._shortest, self._longest)
        return ParseResult(text, read)


class Text(TextNode):
    """One word."""

    def parse(self, text: str) -> ParseResult:
        """Take the word."""
        word = reading.get_element(text)
        return self._checked(word, len(word))


class QuotableText(Text):
    """One word, or words in quotation marks; a backslash stands before a mark or another one."""

    QUOTE = '"'
    ESCAPE = "\\"

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__(name, **options)
        self._may_be_empty = False

    def allow_empty(self) -> "QuotableText":
        """Take `""`, too."""
        self._may_be_empty = True
        return self

    def parse(self, text: str) -> ParseResult:
        """Take the word, or what stands in quotation marks."""
        if not text.startswith(self.QUOTE):
            return super().parse(text)
        taken: list[str] = []
        place = 1
        while place < len(text):
            character = text[place]
            if character == self.ESCAPE:
                following = text[place + 1 : place + 2]
                if following not in (self.QUOTE, self.ESCAPE):
                    raise IllegalEscapesUsage(place + 2)
                taken.append(following)
                place += 2
                continue
            place += 1
            if character == self.QUOTE:
                if not taken and not self._may_be_empty:
                    raise EmptyText(place)
                return self._checked("".join(taken), place)
            taken.append(character)
        raise UnclosedQuotedString(len(text))

    def _suggestions(self, context: CommandContext) -> list[str]:
        quoted = (one.replace(self.ESCAPE, self.ESCAPE * 2).replace(self.QUOTE, self.ESCAPE + self.QUOTE)
                  for one in super()._suggestions(context))  # fmt: skip
        return [f'"{one}"' if DIVIDER in one else one for one in quoted]


class GreedyText(TextNode):
    """All that follows."""

    def parse(self, text: str) -> ParseResult:
        """Take everything."""
        return self._checked(text, len(text))


class Boolean(ArgumentNode):
    """`true` or `false`."""

    def parse(self, text: str) -> ParseResult:
        """Take the word."""
        word = reading.get_element(text)
        if word.lower() not in ("true", "false"):
            raise InvalidBoolean(len(word))
        return ParseResult(word.lower() == "true", len(word))

    def _suggestions(self, context: CommandContext) -> list[str]:
        return super()._suggestions(context) or ["true", "false"]


class Enumeration(ArgumentNode):
    """The name of a member of an enumeration.

    Args:
        name: its key in the context.
        enum_class: the enumeration.
    """

    def __init__(self, name: str, enum_class: type[Enum], **options: Any) -> None:
        super().__init__(name, **options)
        self._enum_class = enum_class

    def parse(self, text: str) -> ParseResult:
        """Take the name."""
        word = reading.get_element(text)
        if word not in self._enum_class.__members__:
            raise InvalidEnumeration(len(word))
        return ParseResult(self._enum_class[word], len(word))

    def _suggestions(self, context: CommandContext) -> list[str]:
        return super()._suggestions(context) or list(self._enum_class.__members__)


class Requirements:
    """Requirements of nodes, ready made."""

    @classmethod
    def has_permission(cls, level: int) -> Callable[..., bool]:
        """Require a level."""
        return lambda source: bool(source.has_permission(level))

    @classmethod
    def is_player(cls) -> Callable[..., bool]:
        """Require a player."""
        return lambda source: bool(source.is_player)

    @classmethod
    def is_console(cls) -> Callable[..., bool]:
        """Require the console."""
        return lambda source: bool(source.is_console)

    @classmethod
    def argument_exists(cls, arg_name: str) -> Callable[..., bool]:
        """Require that an argument was read before."""
        return lambda source, context: arg_name in context
