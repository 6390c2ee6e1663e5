"""Which external plugins are connected, and what that means for who may run: a pure part of the survey (J13, J18)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from jackfield.host.judgement import Wishes, consent_problem
from jackfield.manifest import Candidate


@dataclass(frozen=True, slots=True)
class Attendance:
    """Who is connected; keys are canonical ids.

    Args:
        connected: for each that is, what tells its connection apart from an earlier one.
        absent: for those that are not, why, as far as it is known.
    """

    connected: Mapping[str, str] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)

    def stamped(self, external: Collection[Candidate]) -> list[Candidate]:
        """Return external plugins, each of them another one when it has connected anew."""
        return [replace(one, stamp=self.connected.get(one.canonical_id, "")) for one in external]

    def wishes(self, wishes: Wishes, external: Collection[Candidate]) -> Wishes:
        """Return the wishes without the external plugins that are not connected, or that nobody enabled.

        A program that nobody enabled runs on, and there is nothing to keep of it: its connection ends. One that has to
        ask for consent is judged as if it were connected, since that is what has to be done first.

        Args:
            wishes: the user's, as they count in this run.
            external: the external plugins, each with its stamp.
        """
        out: dict[str, str] = {}
        for one in external:
            cid = one.canonical_id
            if cid not in wishes.enabled:
                out[cid] = "is disabled"
            elif not one.stamp and not consent_problem(one, "external", wishes.grants.get(cid)):
                out[cid] = f"is not connected: {self.absent[cid]}" if cid in self.absent else "is not connected"
        return replace(wishes, enabled=frozenset(wishes.enabled) - out.keys(), out={**out, **wishes.out})


NOBODY = Attendance()
