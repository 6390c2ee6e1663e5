"""Under which names a marketplace signs the files of a project; server and client count on the same ones.

All targets of one project lie in one bin, chosen by the hash of its name; which project has an id, in that of the id.
"""

import hashlib
import json

BINS = 256
PAGE = "index.json"
"""The name of a project's PEP 691 document among its targets."""

PLUGIN = "plugin.json"
"""The name of the document that says which project has an id."""

REVOCATIONS = "revocations.json"
"""The path of the list of revocations, which belongs to no project."""


def bin_of(project: str) -> str:
    """Return the two hexadecimal digits of the bin of a project.

    Args:
        project: its canonical name (PEP 503).
    """
    return hashlib.sha256(project.encode()).hexdigest()[:2]


def target_folder(project: str) -> str:
    """Return what the paths of a project's targets begin with.

    Args:
        project: its canonical name (PEP 503).
    """
    return f"{bin_of(project)}/{project}/"


def page_path(project: str) -> str:
    """Return the path of a project's PEP 691 document."""
    return target_folder(project) + PAGE


def plugin_path(plugin: str) -> str:
    """Return the path of the document that says which project has an id; where nothing is signed of it, none has.

    Args:
        plugin: the canonical id.
    """
    return target_folder(plugin) + PLUGIN


def plugin_document(plugin: str, project: str) -> bytes:
    """Return that document: the same two names always give the same bytes, so that nobody needs to fetch it.

    Args:
        plugin: the canonical id.
        project: its canonical name (PEP 503).
    """
    return json.dumps({"distribution": project, "id": plugin}, separators=(",", ":")).encode("ascii")


def role_of(path: str) -> str:
    """Return the role that signs a target: `bin-00` to `bin-ff`, or `revocations`."""
    first, _, rest = path.partition("/")
    return f"bin-{first}" if rest else "revocations"
