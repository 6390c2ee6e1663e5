"""An answer that only one member sees."""

from dataclasses import dataclass

from jackfield.permissions import shown_text


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """One line of an answer.

    Args:
        text: a sentence.
        risk: "low", "medium" or "high" where the line is a permission that is asked for, else "".
        heading: whether the lines below belong to it.
    """

    text: str
    risk: str = ""
    heading: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command of the chat says to whoever gave it.

    Args:
        title: what it is about.
        lines: the rest.
        confirm: what to write to say yes, where the answer is a question; else "".
        following: what to write for the next page; "" where there is none.
    """

    title: str
    lines: tuple[AnswerLine, ...] = ()
    confirm: str = ""
    following: str = ""

    @classmethod
    def of(cls, title: str, *lines: str) -> "Answer":
        """Make an answer of plain lines."""
        return cls(title, tuple(AnswerLine(line) for line in lines))

    def to_mapping(self) -> dict[str, object]:
        """Return it as pages and clients receive it: what plugins say in it hides nothing."""
        lines = [{"text": shown_text(line.text), "risk": line.risk, "heading": line.heading} for line in self.lines]
        return {"title": shown_text(self.title), "lines": lines, "confirm": self.confirm, "following": self.following}
