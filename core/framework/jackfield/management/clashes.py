"""Commands that two plugins have: what a plan, `enable` and `doctor` say before the second one fails at a start."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from jackfield.manifest import Manifest


def roots_of(manifest: Manifest) -> list[str]:
    """Return the first words of the commands that a plugin declares, also of their aliases, each once."""
    names = (name for one in manifest.contributes.commands for name in (one.name, *one.aliases) if name.split())
    return list(dict.fromkeys(name.split()[0] for name in names))


def clashes(
    coming: Mapping[str, Manifest], there: Callable[[], Mapping[str, Manifest]], before: Mapping[str, Manifest]
) -> Iterator[str]:
    """The sentences for a plan: who had a command keeps it (`run/roots.json`), and the other one cannot run beside it.

    Args:
        coming: canonical id -> manifest, of the plugins that come, change or are to be enabled.
        there: tells those of plugins that are enabled and stay as they are; asked where a command is new.
        before: of all as they are installed now; what one of the coming ones has declared all along is no news.

    Returns:
        Iterator[str]: a sentence for each command and pair.
    """
    told = {cid: roots_of(before[cid]) if cid in before else [] for cid in coming}
    some_new = any(root not in told[cid] for cid, manifest in coming.items() for root in roots_of(manifest))
    others = there().values() if some_new else ()
    holders = {root: manifest.id for manifest in others for root in roots_of(manifest)}
    wanted: dict[str, str] = {}
    for cid, manifest in sorted(coming.items()):
        for root in roots_of(manifest):
            if root in holders and root not in told[cid]:
                holder, own = holders[root], manifest.id
                yield f"the command {root} of {own} is that of {holder}: {own} cannot run while {holder} is enabled"
            first = wanted.setdefault(root, manifest.id)
            if first != manifest.id and root not in told[cid]:
                yield f"{first} and {manifest.id} both have the command {root}: only one of them can run"
