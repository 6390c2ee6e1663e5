"""What is wrong with a file, collected so that its author sees all of it at once."""

from collections.abc import Sequence
from difflib import get_close_matches

from jackfield.errors import ManifestError
from jackfield.permissions import described_value, shown_key


class Reading:
    """Collects what is wrong with one file, so that an author sees all of it at once.

    Args:
        source: the file, named in every sentence.
        strict: whether an unknown key is an error; else it is a warning.
    """

    def __init__(self, source: str, *, strict: bool) -> None:
        self.source = source
        self.strict = strict
        self.problems: list[str] = []
        self.warnings: list[str] = []

    def wrong(self, where: str, sentence: str) -> None:
        """Note an error at a key."""
        self.problems.append(f"{where}: {sentence}" if where else sentence)

    def wrong_type(self, where: str, expected: str, found: object) -> None:
        """Note a value of the wrong type."""
        self.wrong(where, f"expected {expected}, found {described_value(found)}")

    def doubtful(self, where: str, sentence: str) -> None:
        """Note what its author must mend, and what an installed plugin runs without: an error only when strict."""
        (self.problems if self.strict else self.warnings).append(f"{where}: {sentence}")

    def unknown(self, where: str, key: str, known: Sequence[str]) -> None:
        """Note an unknown key, with the nearest known one."""
        near = get_close_matches(key, known, n=1)
        place = f"{where}.{shown_key(key)}" if where else shown_key(key)
        sentence = f"{place}: unknown key" + (f", did you mean {near[0]!r}?" if near else "")
        (self.problems if self.strict else self.warnings).append(sentence)

    def finish(self) -> None:
        """Return if nothing is wrong.

        Raises:
            ManifestError: with every problem, the file before each.
        """
        if self.problems:
            raise ManifestError("\n".join(f"{self.source}: {problem}" for problem in self.problems))
