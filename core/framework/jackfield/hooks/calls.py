"""Generated calls: one function for the implementations that a hook has right now.

pluggy interprets a call: it builds argument lists and loops. Here the loop is unrolled into source text, with only
what the hook needs: a bare hook costs little more than calling its implementations by hand, and isolation, counting,
timeouts, pipelines and awaiting are lines that are there or not. Source that was compiled once is kept, so a plugin
that is switched off and on again costs no second compilation.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from types import CodeType
from typing import Any, Literal

import pluggy

from jackfield.hooks.bodies import Body, indent
from jackfield.hooks.chains import Chain, passed_by_name
from jackfield.hooks.leaving import note_awaited
from jackfield.hooks.limits import cancelling, interrupts, limiting, passing, skipped
from jackfield.hooks.outside import Outside, Underway, outside_of
from jackfield.hooks.wrappers import GENERATED, begin, begin_old_style, unwind

MISSING = object()

_PREFIX = "_jf_"


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
        wanted = {*implementation.argnames, *passed_by_name(implementation)}
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
    body += Body(chain, by_name=True).lines()
    values = {f"{_PREFIX}default_{name}": value for name, value in defaults.items()}
    return _function(chain, signature, body, values)


def compile_mapping(chain: Chain) -> Callable[[Mapping[str, Any]], Any]:
    """Compile a chain into a function of one mapping of arguments: any hook fits, also one without a spec.

    The function raises `pluggy.HookCallError` where the mapping lacks an argument that somebody asks for.
    """
    call = _function(chain, f"{_PREFIX}given", Body(chain, by_name=False).lines(), {})
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


def _function(chain: Chain, signature: str, body: Sequence[str], values: dict[str, object]) -> Callable[..., Any]:
    define: Literal["async def", "def"] = "async def" if chain.awaits else "def"
    source = "\n".join([f"{define} call({signature}):", *indent(body)])
    namespace = {**_bindings(chain), **values, "_jf_source": source, "_jf_hook": chain.hook_name}
    exec(_compiled(source), namespace)  # noqa: S102 (our own text: of names that are identifiers, and numbers)
    if chain.awaits:
        note_awaited(chain.implementations, namespace)
    function: Callable[..., Any] = namespace["call"]
    return function


@lru_cache(maxsize=512)
def _compiled(source: str) -> CodeType:
    return compile(source, GENERATED, "exec")


def _waiting(outside: Outside) -> dict[str, Any]:
    """Return what tells whether this thread may wait for other processes; all of a host's need the same loop."""
    from asyncio import _get_running_loop  # loaded with whatever calls another process; None where no loop runs here

    return {
        "_jf_running_loop": _get_running_loop,
        "_jf_is_here": outside.is_here,
        "_jf_require_waiting": outside.require_waiting,
    }


def _bindings(chain: Chain) -> dict[str, Any]:
    """Bind the names that the source uses."""
    implementations, blame = chain.implementations, chain.blame
    caught = skipped(awaits=chain.awaits) if chain.skip else Exception
    through = passing(awaits=chain.awaits) if chain.skip else ()
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
        "_jf_type": type,
        "_jf_underway": Underway,
        "_jf_isinstance": isinstance,
        "_jf_class": chain.handed,
        "_jf_unwind": partial(
            unwind,
            none_leaves=chain.pipeline is not None,
            blame=place_blame,
            blamed=caught,
            passing=through,
            skip=chain.skip,
        ),
        "_jf_blame": place_blame,
        "_jf_caught": caught,
        "_jf_passing": through,
        "_jf_interrupts": interrupts,
        "_jf_used": chain.used,
        "_jf_implementations": implementations,
    }
    for place, implementation in enumerate(implementations):
        bindings[f"_jf_call{place}"] = implementation.function
        if (outside := outside_of(implementation.function)) is not None:
            bindings[f"_jf_send{place}"] = outside.send if chain.awaits else outside.send_now
            bindings[f"_jf_call{place}"] = outside.ask if chain.awaits else outside.ask_now
            if not chain.awaits:
                bindings |= _waiting(outside)
        if implementation.hookwrapper:
            bindings[f"_jf_whose{place}"] = f"Plugin: {implementation.plugin_name}, Hook: {chain.hook_name}"
        if chain.counts is not None:
            bindings[f"_jf_count{place}"] = chain.counts[place]
    if chain.awaits and chain.skip:
        bindings |= cancelling()
    if chain.timeout_seconds is not None and chain.late is not None:
        bindings |= limiting(chain.timeout_seconds, chain.late, implementations, place_blame)
    return bindings
