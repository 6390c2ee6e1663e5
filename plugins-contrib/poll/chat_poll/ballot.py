"""A poll as data: what is asked, what can be answered, and who voted for what. It knows nothing of the chat."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

MOST_ANSWERS = 10


class BallotError(ValueError):
    """What a member typed makes no poll or no vote; the message is a sentence for the member."""


@dataclass(frozen=True, slots=True)
class Ballot:
    """One poll.

    Args:
        room: where it was asked.
        question: what was asked.
        answers: two to ten of them.
        votes: a member's name -> the place of their answer, from 0.
    """

    room: str
    question: str
    answers: tuple[str, ...]
    votes: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def parse(cls, room: str, text: str) -> "Ballot":
        """Read `question | answer | answer`.

        Raises:
            BallotError: there is no question, or there are too few or too many answers.
        """
        question, *answers = (part.strip() for part in text.split("|"))
        given = tuple(dict.fromkeys(answer for answer in answers if answer))
        if not question or not 2 <= len(given) <= MOST_ANSWERS:
            raise BallotError(
                f"a poll needs a question and 2 to {MOST_ANSWERS} different answers: poll Tea? | yes | no"
            )
        return cls(room, question, given)

    def vote(self, member: str, number: int) -> "Ballot":
        """Return the poll with the member's vote for answer `number`, from 1; an earlier vote of theirs is replaced.

        Raises:
            BallotError: there is no such answer.
        """
        if not 1 <= number <= len(self.answers):
            raise BallotError(f"there is no answer {number}; vote for 1 to {len(self.answers)}")
        return replace(self, votes={**self.votes, member: number - 1})

    def counts(self) -> list[int]:
        """Return how many votes each answer has, in the order of the answers."""
        given = list(self.votes.values())
        return [given.count(place) for place in range(len(self.answers))]

    def result(self) -> str:
        """Return question and votes in one line, the most votes first."""
        ranked = sorted(zip(self.answers, self.counts(), strict=True), key=lambda pair: -pair[1])
        return f"{self.question} " + ", ".join(f"{answer}: {votes}" for answer, votes in ranked)

    def to_mapping(self) -> dict[str, Any]:
        """Return what the plugin's storage keeps: JSON."""
        return {
            "room": self.room,
            "question": self.question,
            "answers": list(self.answers),
            "votes": dict(self.votes),
        }

    @classmethod
    def from_mapping(cls, kept: Mapping[str, Any]) -> "Ballot":
        """Make the poll again from what storage kept."""
        return cls(kept["room"], kept["question"], tuple(kept["answers"]), dict(kept["votes"]))
