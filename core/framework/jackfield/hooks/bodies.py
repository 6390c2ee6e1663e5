"""The lines of a generated call: what its chain asks for, and nothing else."""

from collections.abc import Sequence

import pluggy

from jackfield.hooks.chains import Chain, passed_by_name
from jackfield.hooks.outside import outside_of
from jackfield.hooks.specs import is_asynchronous

_NEXT = "_jf_last = _jf_now"  # where the time of the next implementation begins


class Body:
    """The lines that call a chain.

    Args:
        chain: what to call.
        by_name: the arguments are variables of their names; else they are taken from a mapping.
    """

    def __init__(self, chain: Chain, *, by_name: bool) -> None:
        self.chain = chain
        self.by_name = by_name
        self.timed = chain.counts is not None or chain.timeout_seconds is not None
        places = list(enumerate(chain.implementations))
        self.wrappers = [(place, each) for place, each in places if each.wrapper or each.hookwrapper]
        self.plain = [(place, each) for place, each in places if not (each.wrapper or each.hookwrapper)]
        self.collects = chain.pipeline is None and not chain.firstresult
        outside = {place for place, each in self.plain if outside_of(each.function) is not None}
        # One that is waited for at once, with nobody at work meanwhile, needs no sending beforehand.
        together = len(self.plain if chain.awaits else outside) > 1
        self.sent = outside if self.collects and together else frozenset()
        self.waits = bool(outside) and not chain.awaits
        self.value = "_jf_results"
        if chain.pipeline is not None:
            self.value = chain.pipeline if by_name else "_jf_handed"

    def lines(self) -> list[str]:
        """Return the whole body."""
        chain = self.chain
        lines = ["__tracebackhide__ = True"]  # pytest leaves the frame out, as it does pluggy's
        if self.waits:
            # It is the caller's mistake, and nobody's who implements the hook; most often two questions tell that it
            # is none.
            lines += [
                "_jf_free = _jf_running_loop() is None and _jf_is_here()",
                "if not _jf_free:",
                "    _jf_require_waiting()",
            ]
        if chain.pipeline is None:
            if chain.firstresult or self.wrappers or not self.plain:
                lines.append("_jf_results = None" if chain.firstresult else "_jf_results = []")
        elif not self.by_name:
            lines.append(f"_jf_handed = _jf_given[{chain.pipeline!r}]")
        if chain.resolves and chain.timeout_seconds is not None:
            lines.append("_jf_awaited = None")
        block = [line for place, each in self.wrappers for line in self._begin(place, each)]
        block += [line for place, each in self.plain if place in self.sent for line in self._send(place, each)]
        if self.timed:
            block.append("_jf_last = _jf_clock()")
        # Those in this process run while the others are at work; the answers are collected in the order of the places.
        calls = [line for place, each in self.plain if place not in self.sent for line in self._call(place, each)]
        calls += [line for place, _ in self.plain if place in self.sent for line in self._receive(place)]
        if calls and calls[-1] == _NEXT:
            calls.pop()  # there is none
        if chain.firstresult and self.wrappers:
            block += ["while True:", *indent([*calls, "break"])]
        else:
            block += calls
        if self.collects:
            block += self._collect()
        if not self.wrappers:
            return [*lines, *block, f"return {self.value}"]
        return [
            *lines,
            "_jf_begun = []",
            "_jf_error = None",
            "try:",
            *indent(block),
            "except _jf_anything as _jf_raised:",
            "    _jf_error = _jf_raised",
            "try:",
            f"    return _jf_unwind(_jf_begun, {self.value}, _jf_error)",
            "finally:",
            "    _jf_error = None",  # or the frame and the error keep each other alive
        ]

    def _collect(self) -> list[str]:
        """Make the list of answers: one display where nobody was silent, which is half the price of appending."""
        answers = [f"_jf_answer{place}" for place, _ in self.plain]
        if not answers:
            return []
        if len(answers) == 1:
            return [f"_jf_results = [] if {answers[0]} is None else [{answers[0]}]"]
        return [
            f"if {' or '.join(f'{answer} is None' for answer in answers)}:",
            f"    _jf_results = [each for each in ({', '.join(answers)},) if each is not None]",
            "else:",
            f"    _jf_results = [{', '.join(answers)}]",
        ]

    def _begin(self, place: int, each: pluggy.HookImpl) -> list[str]:
        begun = f"_jf_begin({self._application(place, each)})"
        if each.hookwrapper:
            begun = f"_jf_begin_old_style({self._application(place, each)}, whose=_jf_whose{place})"
        lines = [f"_jf_begun.append(({place}, {begun}))"]
        return [*self._noted(place), *self._guarded(place, lines, instead=["pass"])]

    def _noted(self, place: int) -> list[str]:
        """Say that an implementation is begun, whether or not it fails."""
        lines = [f"_jf_count{place}.calls += 1"] if self.chain.counts is not None else []
        return [*lines, f"_jf_used(_jf_implementations[{place}])"] if self.chain.used is not None else lines

    def _send(self, place: int, each: pluggy.HookImpl) -> list[str]:
        """Send a call to another process."""
        lines = [f"_jf_sent{place} = {self._application(place, each, call='_jf_send')}"]
        return [*self._noted(place), *self._guarded(place, lines, instead=[f"_jf_sent{place} = None"])]

    def _receive(self, place: int) -> list[str]:
        """Take its answer, and the time between both."""
        name, sent = f"_jf_answer{place}", f"_jf_sent{place}"
        lines = [f"{name} = await {sent}" if self.chain.awaits else f"{name} = {sent}.wait()"]
        lines = self._guarded(place, lines, instead=[f"{name} = None"])
        if self.chain.counts is not None:
            lines += [f"_jf_last = {sent}.began", *self._timing(place, measured=False, now=f"{sent}.ended")]
        return [f"if {sent} is None:", f"    {name} = None", "else:", *indent(lines)]

    def _call(self, place: int, each: pluggy.HookImpl) -> list[str]:
        chain = self.chain
        name = f"_jf_answer{place}" if self.collects else "_jf_answer"
        outside = outside_of(each.function) is not None  # it knows its time itself
        asynchronous = chain.awaits and (outside or is_asynchronous(each.function))
        limited = chain.timeout_seconds is not None and not outside
        awaited = f"await _jf_within({place}, {{}})" if limited else "await {}"
        application = self._application(place, each)
        if outside and chain.awaits:  # most often it is there
            answer = [f"{name} = {application}", f"if _jf_type({name}) is _jf_underway:", f"    {name} = await {name}"]
        else:
            answer = [f"{name} = {awaited.format(application) if asynchronous else application}"]
        if chain.resolves and not asynchronous:
            answer += [f"if _jf_hasattr({name}, '__await__'):"]
            if limited:
                answer.append(f"    _jf_awaited = {place}")  # held to its time by the awaiting
            answer.append(f"    {name} = {awaited.format(name)}")
        if chain.handed is not None:
            # Here, so that who made it is blamed for it, and not the next one, who could not use it.
            answer += [
                f"if {name} is not None and not _jf_isinstance({name}, _jf_class):",
                f"    raise _jf_wrong({place}, {name})",
            ]
        lines = [*self._noted(place), *self._guarded(place, answer, instead=[f"{name} = None"])]
        if self.timed:
            lines += self._timing(place, measured=not asynchronous and not outside)
        if chain.pipeline is not None:
            lines += [f"if {name} is not None:", f"    {self.value} = {name}"]
        elif chain.firstresult and self.wrappers:
            lines += [f"if {name} is not None:", f"    _jf_results = {name}", "    break"]
        elif chain.firstresult:
            lines += [f"if {name} is not None:", f"    return {name}"]
        return lines

    def _timing(self, place: int, *, measured: bool, now: str = "_jf_clock()") -> list[str]:
        lines = [f"_jf_now = {now}"]
        if self.chain.counts is not None:
            # HookCount.took, written out: a call of it would cost as much as all that it does.
            lines += [
                f"_jf_count = _jf_count{place}",
                "_jf_took = _jf_now - _jf_last",
                "_jf_count.nanoseconds += _jf_took",
                "_jf_count.durations[_jf_took.bit_length()] += 1",
                "if _jf_took > _jf_count.worst_nanoseconds:",
                "    _jf_count.worst_nanoseconds = _jf_took",
                "_jf_count.last_nanoseconds = _jf_now",
            ]
        if self.chain.timeout_seconds is not None and measured:
            unless = f" and _jf_awaited != {place}" if self.chain.resolves else ""
            lines += [f"if _jf_now - _jf_last > _jf_limit{unless}:", f"    _jf_overrun({place}, _jf_now - _jf_last)"]
        return [*lines, _NEXT]

    def _application(self, place: int, each: pluggy.HookImpl, *, call: str = "_jf_call") -> str:
        if outside_of(each.function) is not None:
            more = ""
            if call == "_jf_call":
                more = ", _jf_last" if self.timed else ", _jf_clock()"
                more += "" if self.chain.awaits else ", _jf_free"
            return f"{call}{place}({self._mapping(each)}{more})"
        arguments = [self._argument(name) for name in each.argnames]
        if self.by_name:
            arguments += [f"{name}={name}" for name in passed_by_name(each)]
        elif passed_by_name(each):
            names = tuple(passed_by_name(each))
            arguments.append(f"**{{k: _jf_given[k] for k in {names!r} if k in _jf_given}}")
        return f"{call}{place}({', '.join(arguments)})"

    def _mapping(self, each: pluggy.HookImpl) -> str:
        """Return what makes the arguments of an implementation by name."""
        names = each.argnames if not self.by_name else (*each.argnames, *passed_by_name(each))
        entries = [f"{name!r}: {self._argument(name)}" for name in names]
        if not self.by_name and passed_by_name(each):
            entries.append(f"**{{k: _jf_given[k] for k in {tuple(passed_by_name(each))!r} if k in _jf_given}}")
        return "{" + ", ".join(entries) + "}"

    def _argument(self, name: str) -> str:
        if name == self.chain.pipeline:
            return self.value
        return name if self.by_name else f"_jf_given[{name!r}]"

    def _guarded(self, place: int, lines: list[str], *, instead: list[str]) -> list[str]:
        if self.chain.blame is None:
            return lines
        caught = [f"_jf_blame({place}, _jf_raised)", *(instead if self.chain.skip else ["raise"])]
        lines = ["try:", *indent(lines), "except _jf_caught as _jf_raised:", *indent(caught)]
        if self.chain.awaits and self.chain.skip:
            # A plugin that awaits something it cancelled itself has failed; the call's own task was not cancelled.
            caught = ["if _jf_is_ending():", "    raise", *caught]
            lines += ["except _jf_cancelled as _jf_raised:", *indent(caught)]
            caught = caught[2:]
        if self.chain.skip:  # what a plugin derives from BaseException itself ends no host either
            caught = ["if _jf_interrupts(_jf_raised):", "    raise", *caught]
            lines += ["except _jf_passing:", "    raise", "except _jf_anything as _jf_raised:", *indent(caught)]
        return lines


def indent(lines: Sequence[str]) -> list[str]:
    """Return the lines one step further in."""
    return [f"    {line}" for line in lines]
