"""What a plugin in a process of its own imports: the store's folders, or packages of the host's environment (K41, K42).

Of the host it sees what every worker is made of, and what the host publishes for plugins, at the host's versions. A
plugin that pip put into the host's environment sees its own packages there and those of the libraries that its metadata
names, each by its name, and nothing that lies beside them.
"""

from collections.abc import Collection

from jackfield.discovery import api_distributions, needed_distributions
from jackfield.errors import PluginError, SandboxError
from jackfield.isolation import ALWAYS, Packages, packages_of
from jackfield.manifest import Candidate, HostFile
from jackfield.store import Generation


def published_names(hostfile: HostFile) -> tuple[str, ...]:
    """Return the distributions of the host's environment that every worker sees, normalised.

    Args:
        hostfile: the host's own; the entry point of its name in the group `jackfield.hosts` is in what it publishes.
    """
    return (*ALWAYS, *api_distributions(hostfile.app, beyond=ALWAYS))


def worker_imports(
    candidate: Candidate, generation: Generation, published: Collection[str]
) -> tuple[tuple[str, ...], Packages]:
    """Return what a worker imports besides what all of them do: folders in their order, and packages by name.

    Args:
        candidate: the plugin.
        generation: the one that it was found in, which holds its libraries.
        published: what `published_names` said.

    Raises:
        PluginError: the generation holds no libraries of its own for it: it was installed to run in the host.
    """
    if candidate.origin == "store":
        paths = generation.worker_paths(candidate.canonical_id)
        if not paths:
            raise PluginError(
                f"{candidate.id} was installed to run in the application, so it has no libraries of its own",
                plugin=candidate.id,
                hint=f"jackfield isolation {candidate.id} worker",
            )
        return tuple(map(str, paths)), Packages({}, ())
    found = Packages({}, ())
    for name in needed_distributions([candidate.distribution], beyond=published, group=candidate.group):
        try:
            one = packages_of((name,))
        except SandboxError:
            continue  # its import will say so, if it is ever imported
        found = Packages({**one.named, **found.named}, (*found.metadata, *one.metadata))
    own = candidate.folder
    if own is None:
        return (), found
    if own.name not in found.named and any(part.startswith(f"{own.name}/") for part in found.named):
        return (), found  # its package is a namespace that others share: its own parts are named
    return (), Packages({**found.named, own.name: str(own)}, found.metadata)
