"""Generated calls: one function for the implementations that a hook has right now.

pluggy interprets a call: it builds argument lists and loops. Here the loop is unrolled into source text, with only
what the hook needs: a bare hook costs little more than calling its implementations by hand, and isolation, counting,
timeouts, pipelines and awaiting are lines that are there or not. Source that was compiled once is kept, so a plugin
that is switched off and on again costs no second compilation.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from types import CodeType
from typing import Any, Literal

import pluggy

from jackfield.hooks.counters import HookCount
from jackfield.hooks.limits import cancelling, limiting, skipped
from jackfield.hooks.specs import is_asynchronous
from jackfield.hooks.wrappers import GENERATED, begin, begin_old_style, unwind

# pluggy 1.7 hands arguments with defaults on; 1.6 leaves them to the implementation's own default.
PLUGGY_APPLIES_DEFAULTS = hasattr(pluggy.HookCaller, "_apply_defaults")

MISSING = object()

_PREFIX = "_jf_"


@dataclass(frozen=True, slots=True)
class Chain:
    """Everything that a call of one hook depends on; each part becomes lines of the function, or none.

    Attributes:
        hook_name: the hook that is called.
        implementations: in the order they are called: wrappers first, outermost first.
        firstresult: stop at the first answer that is not None.
        pipeline: the argument that is handed along, or None.
        handed: the class that everything handed along has, or None.
        timeout_seconds: what one implementation may take, or None.
        skip: go on without a failing implementation.
        awaits: the function is `async def` and awaits its asynchronous implementations.
        resolves: synchronous implementations may also answer with something to await.
        counts: one for each implementation, or None not to count.
        used: told of each implementation before it is called, or None.
        blame: told of each failure: the implementation and the error. None: failures are nobody's business.
        late: makes the error for an implementation that took too long: the implementation, seconds it took (None:
            it was stopped).
    """

    hook_name: str
    implementations: tuple[pluggy.HookImpl, ...]
    firstresult: bool = False
    pipeline: str | None = None
    handed: type | None = None
    timeout_seconds: float | None = None
    skip: bool = False
    awaits: bool = False
    resolves: bool = False
    counts: tuple[HookCount, ...] | None = None
    used: Callable[[pluggy.HookImpl], None] | None = None
    blame: Callable[[pluggy.HookImpl, BaseException], None] | None = None
    late: Callable[[pluggy.HookImpl, float | None], Exception] | None = None

    @property
    def bare(self) -> bool:
        """Nothing is asked that pluggy's own call would not do."""
        asked = (self.pipeline, self.timeout_seconds, self.skip, self.awaits, self.counts, self.used, self.blame)
        return not any(asked)


def compile_signature(chain: Chain, required: Sequence[str], defaults: dict[str, object]) -> Callable[..., Any] | None:
    """Compile a chain into a method that takes the hook's arguments by name.

    It is meant as `__call__` of a hook caller (or, when the chain awaits, of an async one): a call that lacks an
    argument warns and goes on the caller's own way.

    Args:
        chain: what to call.
        required: arguments of the spec without a default.
        defaults: those with one.

    Returns:
        The function, or None where names do not fit a signature and the caller has to go another way.
    """
    names = [*required, *defaults]
    if any(not name.isidentifier() or name == "self" or name.startswith(_PREFIX) for name in names):
        return None
    for implementation in chain.implementations:
        wanted = {*implementation.argnames, *_passed_by_name(implementation)}
        if not wanted <= set(names) or (implementation.hookwrapper and chain.bare):
            return None
    parameters = [f"{name}=_jf_missing" for name in required] + [f"{name}=_jf_default_{name}" for name in defaults]
    signature = ", ".join(["self", *(["*", *parameters] if parameters else []), f"**{_PREFIX}extra"])
    body = []
    if required:
        given = "{" + ", ".join(f"{name!r}: {name}" for name in names) + "}"
        body += [
            f"if {' or '.join(f'{name} is _jf_missing' for name in required)}:",
            f"    _jf_given = {{k: v for k, v in {given}.items() if v is not _jf_missing}} | _jf_extra",
            # Called from here, not from a function of ours, so that the warning points at whoever calls the hook.
            "    self._verify_all_args_are_provided(_jf_given)",
            "    return await self.call_given(_jf_given)"
            if chain.awaits
            else f"    return self._hookexec(self.name, self._hookimpls.copy(), _jf_given, {chain.firstresult})",
        ]
    body += _Body(chain, by_name=True).lines()
    values = {f"{_PREFIX}default_{name}": value for name, value in defaults.items()}
    return _function(chain, signature, body, values)


def compile_mapping(chain: Chain) -> Callable[[Mapping[str, Any]], Any]:
    """Compile a chain into a function of one mapping of arguments: any hook fits, also one without a spec.

    The function raises `pluggy.HookCallError` where the mapping lacks an argument that somebody asks for.
    """
    call = _function(chain, f"{_PREFIX}given", _Body(chain, by_name=False).lines(), {})
    needed = [name for implementation in chain.implementations for name in implementation.argnames]
    if chain.pipeline is not None:
        needed.append(chain.pipeline)

    def checked(given: Mapping[str, Any]) -> Any:
        __tracebackhide__ = True
        for name in needed:
            if name not in given:
                raise pluggy.HookCallError(f"hook call must provide argument {name!r}")
        return call(given)

    return checked


def _passed_by_name(implementation: pluggy.HookImpl) -> tuple[str, ...]:
    return tuple(implementation.kwargnames) if PLUGGY_APPLIES_DEFAULTS else ()


class _Body:
    """The lines that call a chain."""

    def __init__(self, chain: Chain, *, by_name: bool) -> None:
        self.chain = chain
        self.by_name = by_name
        self.timed = chain.counts is not None or chain.timeout_seconds is not None
        places = list(enumerate(chain.implementations))
        self.wrappers = [(place, each) for place, each in places if each.wrapper or each.hookwrapper]
        self.plain = [(place, each) for place, each in places if not (each.wrapper or each.hookwrapper)]
        self.collects = chain.pipeline is None and not chain.firstresult
        self.value = "_jf_results"
        if chain.pipeline is not None:
            self.value = chain.pipeline if by_name else "_jf_handed"

    def lines(self) -> list[str]:
        """Return the whole body."""
        chain = self.chain
        lines = ["__tracebackhide__ = True"]  # pytest leaves the frame out, as it does pluggy's
        if chain.pipeline is None:
            lines.append("_jf_results = None" if chain.firstresult else "_jf_results = []")
        elif not self.by_name:
            lines.append(f"_jf_handed = _jf_given[{chain.pipeline!r}]")
        if chain.resolves and chain.timeout_seconds is not None:
            lines.append("_jf_awaited = None")
        block = [line for place, each in self.wrappers for line in self._begin(place, each)]
        if self.timed:
            block.append("_jf_last = _jf_clock()")
        calls = [line for place, each in self.plain for line in self._call(place, each)]
        if chain.firstresult and self.wrappers:
            block += ["while True:", *_indent([*calls, "break"])]
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
            *_indent(block),
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

    def _call(self, place: int, each: pluggy.HookImpl) -> list[str]:
        chain = self.chain
        name = f"_jf_answer{place}" if self.collects else "_jf_answer"
        asynchronous = chain.awaits and is_asynchronous(each.function)
        awaited = f"await _jf_within({place}, {{}})" if chain.timeout_seconds is not None else "await {}"
        application = self._application(place, each)
        answer = [f"{name} = {awaited.format(application) if asynchronous else application}"]
        if chain.resolves and not asynchronous:
            answer += [f"if _jf_hasattr({name}, '__await__'):"]
            if chain.timeout_seconds is not None:
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
            lines += self._timing(place, measured=not asynchronous)
        if chain.pipeline is not None:
            lines += [f"if {name} is not None:", f"    {self.value} = {name}"]
        elif chain.firstresult and self.wrappers:
            lines += [f"if {name} is not None:", f"    _jf_results = {name}", "    break"]
        elif chain.firstresult:
            lines += [f"if {name} is not None:", f"    return {name}"]
        return lines

    def _timing(self, place: int, *, measured: bool) -> list[str]:
        lines = ["_jf_now = _jf_clock()"]
        if self.chain.counts is not None:
            # HookCount.took, written out: a call of it would cost as much as all that it does.
            lines += [
                "_jf_took = _jf_now - _jf_last",
                f"_jf_count{place}.nanoseconds += _jf_took",
                f"_jf_count{place}.durations[_jf_took.bit_length()] += 1",
                f"if _jf_took > _jf_count{place}.worst_nanoseconds:",
                f"    _jf_count{place}.worst_nanoseconds = _jf_took",
                f"_jf_count{place}.last_nanoseconds = _jf_now",
            ]
        if self.chain.timeout_seconds is not None and measured:
            unless = f" and _jf_awaited != {place}" if self.chain.resolves else ""
            lines += [f"if _jf_now - _jf_last > _jf_limit{unless}:", f"    _jf_overrun({place}, _jf_now - _jf_last)"]
        return [*lines, "_jf_last = _jf_now"]

    def _application(self, place: int, each: pluggy.HookImpl) -> str:
        arguments = [self._argument(name) for name in each.argnames]
        if self.by_name:
            arguments += [f"{name}={name}" for name in _passed_by_name(each)]
        elif _passed_by_name(each):
            names = tuple(_passed_by_name(each))
            arguments.append(f"**{{k: _jf_given[k] for k in {names!r} if k in _jf_given}}")
        return f"_jf_call{place}({', '.join(arguments)})"

    def _argument(self, name: str) -> str:
        if name == self.chain.pipeline:
            return self.value
        return name if self.by_name else f"_jf_given[{name!r}]"

    def _guarded(self, place: int, lines: list[str], *, instead: list[str]) -> list[str]:
        if self.chain.blame is None:
            return lines
        caught = [f"_jf_blame({place}, _jf_raised)", *(instead if self.chain.skip else ["raise"])]
        lines = ["try:", *_indent(lines), "except _jf_caught as _jf_raised:", *_indent(caught)]
        if self.chain.awaits and self.chain.skip:
            # A plugin that awaits something it cancelled itself has failed; the call's own task was not cancelled.
            caught = ["if _jf_is_ending():", "    raise", *caught]
            lines += ["except _jf_cancelled as _jf_raised:", *_indent(caught)]
        return lines


def _indent(lines: Sequence[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _function(chain: Chain, signature: str, body: Sequence[str], values: dict[str, object]) -> Callable[..., Any]:
    define: Literal["async def", "def"] = "async def" if chain.awaits else "def"
    source = "\n".join([f"{define} call({signature}):", *_indent(body)])
    namespace = {**_bindings(chain), **values, "_jf_source": source, "_jf_hook": chain.hook_name}
    exec(_compiled(source), namespace)  # noqa: S102 (our own text: of names that are identifiers, and numbers)
    function: Callable[..., Any] = namespace["call"]
    return function


@lru_cache(maxsize=512)
def _compiled(source: str) -> CodeType:
    return compile(source, GENERATED, "exec")


def _bindings(chain: Chain) -> dict[str, Any]:
    """Bind the names that the source uses."""
    implementations, blame = chain.implementations, chain.blame
    caught = skipped(awaits=chain.awaits) if chain.skip else Exception
    place_blame = None
    if blame is not None:
        told = blame

        def place_blame(place: int, error: BaseException) -> None:
            told(implementations[place], error)

    def wrong(place: int, answer: object) -> TypeError:
        kind = chain.handed.__name__ if chain.handed is not None else "nothing"
        whose = implementations[place].plugin_name
        return TypeError(f"{whose} answered {chain.hook_name} with {type(answer).__name__}, not {kind} or None")

    bindings: dict[str, Any] = {
        "_jf_wrong": wrong,
        "_jf_missing": MISSING,
        "_jf_clock": time.perf_counter_ns,
        "_jf_begin": begin,
        "_jf_begin_old_style": begin_old_style,
        "_jf_anything": BaseException,  # the hook's arguments may be called like what Python has built in
        "_jf_hasattr": hasattr,
        "_jf_isinstance": isinstance,
        "_jf_class": chain.handed,
        "_jf_unwind": partial(
            unwind, none_leaves=chain.pipeline is not None, blame=place_blame, blamed=caught, skip=chain.skip
        ),
        "_jf_blame": place_blame,
        "_jf_caught": caught,
        "_jf_used": chain.used,
        "_jf_implementations": implementations,
    }
    for place, implementation in enumerate(implementations):
        bindings[f"_jf_call{place}"] = implementation.function
        if implementation.hookwrapper:
            bindings[f"_jf_whose{place}"] = f"Plugin: {implementation.plugin_name}, Hook: {chain.hook_name}"
        if chain.counts is not None:
            bindings[f"_jf_count{place}"] = chain.counts[place]
    if chain.awaits and chain.skip:
        bindings |= cancelling()
    if chain.timeout_seconds is not None and chain.late is not None:
        bindings |= limiting(chain.timeout_seconds, chain.late, implementations, place_blame)
    return bindings
