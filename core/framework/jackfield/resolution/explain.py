"""A conflict as sentences: who wants what, why it cannot be, and the way out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from packaging.version import Version as ReleaseVersion

from jackfield.errors import ResolutionError
from jackfield.resolution.knowledge import Knowledge
from jackfield.resolution.model import Ask, Candidate, Place
from jackfield.resolution.provider import PRE_RELEASE, UNKNOWN_PLUGIN
from jackfield.resolution.target import Target

SHOWN = 4
"""How many versions one sentence names."""

MOST_SECONDS = 120.0
"""How long a resolution may take in all."""


@dataclass(frozen=True, slots=True)
class Cause:
    """One ask that took part in the conflict, and who made it; None is the user."""

    ask: Ask
    parent: Candidate | None


@dataclass(frozen=True, slots=True)
class _Sentence:
    text: str
    hint: str | None = None
    plugin: str | None = None


def too_late(seconds: float) -> ResolutionError:
    """The error for a resolution that took longer than so many seconds."""
    return ResolutionError(f"no set was found within {seconds:g} s", hint="ask for exact versions")


def explain(
    causes: Iterable[Cause],
    known: Knowledge,
    target: Target,
    rejected: Mapping[str, Mapping[ReleaseVersion, str]],
    title: Callable[[Candidate], str],
    wanted: Collection[str] = (),
    movable: Collection[str] = (),
    *,
    named: bool = False,
) -> ResolutionError:
    """The error for a set that cannot be.

    Args:
        causes: the asks that could not be fulfilled together.
        known: what was fetched.
        target: what it was solved for.
        rejected: distribution -> version -> why it cannot be chosen, as the end of a sentence.
        title: the name and version of a candidate, for people.
        wanted: the distributions that the user asks for: these alone can be left out by asking for less.
        movable: those of installed plugins that share their libraries and could have some of their own.
        named: whether it is said whose the versions are that will not do, since there are several marketplaces.
    """
    groups: dict[Place, list[Cause]] = {}
    for cause in causes:
        group = groups.setdefault(cause.ask.place, [])
        if cause not in group:
            group.append(cause)
    sentences = [
        _one(place, group, known, target, rejected.get(place[1], {}), title, wanted, movable, named=named)
        for place, group in groups.items()
    ]
    hints = [sentence.hint for sentence in sentences if sentence.hint]
    plugin = next((sentence.plugin for sentence in sentences if sentence.plugin), None)
    text = "; ".join(sentence.text for sentence in sentences)
    return ResolutionError(text, plugin=plugin, hint=hints[0] if hints else None)


def _one(
    place: Place,
    causes: Sequence[Cause],
    known: Knowledge,
    target: Target,
    rejected: Mapping[ReleaseVersion, str],
    title: Callable[[Candidate], str],
    wanted: Collection[str],
    movable: Collection[str],
    *,
    named: bool,
) -> _Sentence:
    within, name = place
    asks = [cause.ask for cause in causes]
    wants = [_who_wants_what(cause, title) for cause in causes if not _is_trial(cause) or len(causes) == 1]
    plugin = next((ask.plugin for ask in asks if ask.plugin), None)
    who = " and ".join(dict.fromkeys(wants))
    if name.startswith(UNKNOWN_PLUGIN):
        return _Sentence(f"{who}, but no marketplace offers that plugin", "is another marketplace needed?", plugin)
    fixed = target.installed.get(name)
    if fixed is not None and target.fixes(place):
        parents = _parents(causes, title) or ["it"]
        hint = f"choose another version of {' or '.join(parents)}, or update {name} with pip"
        return _Sentence(f"{who}, but this application has {name} {fixed.version}", hint, plugin)
    wheels = known.wheels(place)
    if not wheels:
        offer = known.offer(place)
        if offer is not None and offer.files:
            return _Sentence(f"{who}, but {offer.source} has no wheel of {name}", "wheels only: nothing is built here")
        if offer is not None:
            told = f"{who}, but {offer.source}, which has that name, offers no file of it"
            hint = "ask its operator: what is held for review or quarantined is served to nobody"
            return _Sentence(told, hint, plugin)
        if fixed is not None and within:
            told = f"{who}, which this application has for itself: a plugin with a process of its own does not see it"
            return _Sentence(f"{told}, and no marketplace offers it", None, plugin)
        others = _ask_less(causes, title) if _parents(causes, title) else None
        return _Sentence(f"{who}, but no marketplace offers {plugin or name}", others, plugin)
    offer = known.offer(place) if named else None
    source = f" from {offer.source}" if offer is not None and offer.source != "file" else ""
    versions = sorted({wheel.version for wheel in wheels}, reverse=True)
    fitting = [version for version in versions if all(ask.accepts(version) for ask in asks)]
    refused = {version: rejected[version] for version in fitting if version in rejected}
    if refused:
        reasons = [f"{version} {why}" for version, why in refused.items()]
        asking = None if any(cause.parent is None for cause in causes) else " or ".join(_parents(causes, title))
        ways = (_way_out(plugin or name, version, why, plugin, asking) for version, why in refused.items())
        way_out = next((way for way in ways if way is not None), None)
        return _Sentence(f"{who}, but none{source} can be used: {_some(reasons, '; ')}", way_out, plugin)
    if any(map(_is_trial, causes)) and len(causes) > 1:
        return _Sentence(who, None, plugin)  # it stands in a sentence that begins with the version
    if len(causes) > 1 and all(any(ask.accepts(version) for version in versions) for ask in asks):
        hint = _let_go(asks) or _one_too_many(causes, title, wanted, movable)
        return _Sentence(f"{who}, and no version of {plugin or name}{source} is both", hint, plugin)
    if fitting:
        return _Sentence(f"{who}, and {plugin or name} {fitting[0]} cannot be had together with the rest", None, plugin)
    offered = _some([str(version) for version in versions], ", ")
    beyond = [cause for cause in causes if not any(cause.ask.accepts(version) for version in versions)]
    return _Sentence(
        f"{who}, but only {offered} of {plugin or name} can be had{source}", _ask_less(beyond, title), plugin
    )


def _parents(causes: Sequence[Cause], title: Callable[[Candidate], str]) -> list[str]:
    """Who asks, but for the user: plugins and libraries by their names."""
    return sorted({title(cause.parent).rpartition(" ")[0] for cause in causes if cause.parent})


def _ask_less(causes: Sequence[Cause], title: Callable[[Candidate], str]) -> str:
    """What to do where nobody has what is asked for: the user asks for something else, or whoever wrote it does."""
    if any(cause.parent is None for cause in causes):
        return "ask for another version"
    return f"tell the author of {' and '.join(_parents(causes, title))}, or is another marketplace needed?"


def _one_too_many(
    causes: Sequence[Cause], title: Callable[[Candidate], str], wanted: Collection[str], movable: Collection[str]
) -> str:
    """What to do where those who ask cannot be had together: only what the user named can be left out by name."""
    parents = _parents(causes, title)
    if len(parents) < 2:
        return _ask_less(causes, title)
    named = _parents([cause for cause in causes if cause.parent and cause.parent.name in wanted], title)
    brought = [name for name in parents if name not in named]
    if not brought:
        moved = _parents([cause for cause in causes if cause.parent and cause.parent.name in movable], title)
        own = f", or give {moved[0]} libraries of its own: jackfield isolation {moved[0]} worker" if moved else ""
        return f"install only one of {' and '.join(named)}{own}"
    if not named:
        return f"do without what needs {' and '.join(brought)} together, or tell their authors"
    return f"do without {' and '.join(named)}, or without what needs {' and '.join(brought)}"


def _way_out(what: str, version: ReleaseVersion, why: str, plugin: str | None, asking: str | None) -> str | None:
    """What somebody can do about a version that cannot be chosen; None where the reason says it, or nothing helps.

    Args:
        what: the plugin or library.
        version: which.
        why: it is rejected, as the end of a sentence.
        plugin: its id, if it is one: what a user can ask for.
        asking: who needs it; None where the user asks for it.
    """
    if why.startswith("was yanked"):
        if asking is None:
            return f"{what}=={version} takes it all the same"
        if plugin is not None:
            return f"ask for {plugin}=={version} too: that takes it all the same"
        return f"only a requirement that names it takes it: tell the author of {asking}"
    if why == PRE_RELEASE:
        if asking is None:
            return "--pre takes them"
        if plugin is not None:
            return f"ask for {plugin} too: --pre takes those of what is asked for"
        return f"only a requirement that names one takes it: tell the author of {asking}"
    if why.startswith("is built for"):
        return f"ask the author of {what} for a wheel for this platform"
    if why.startswith("needs "):
        return f"run the version that it needs, or wait for one of {what} that takes this one"
    return None


def _who_wants_what(cause: Cause, title: Callable[[Candidate], str]) -> str:
    """One ask as the user knows it, e.g. `poll 1.0.0 needs dice ^1.2`."""
    if cause.parent is not None:
        return f"{title(cause.parent)} needs {cause.ask.words()}"
    if cause.ask.pinned:
        return f"you hold {cause.ask.plugin} at {cause.ask.requirement}"
    if cause.ask.exact is not None and cause.ask.plugin is not None:
        return f"{cause.ask.plugin} is at {cause.ask.exact}"  # what the set has, while another version is tried
    return f"you ask for {cause.ask.words()}"


def _is_trial(cause: Cause) -> bool:
    """Whether nobody asks for that: one very version is tried, to find out what is in its way."""
    return cause.parent is None and cause.ask.exact is not None and cause.ask.plugin is None


def _let_go(asks: Iterable[Ask]) -> str | None:
    """What to do about a version that the user holds; None where none is held."""
    held = next((ask.plugin for ask in asks if ask.pinned), None)
    return None if held is None else f"jackfield pin {held} --release lets it go, or another policy for its updates"


def _some(texts: Sequence[str], separator: str) -> str:
    more = f"{separator}and {len(texts) - SHOWN} more" if len(texts) > SHOWN else ""
    return separator.join(texts[:SHOWN]) + more
