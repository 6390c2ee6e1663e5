"""Finds candidates through entry points, manifests and script folders; imports no plugin.

Names are loaded when they are first used: whoever only asks the index does not pay for reading metadata.
"""

TYPE_CHECKING = False  # mypy knows the name; to import `typing` takes longer than all that is done here
if TYPE_CHECKING:
    from jackfield.discovery.candidates import discover as discover
    from jackfield.discovery.closure import api_distributions as api_distributions
    from jackfield.discovery.closure import needed_distributions as needed_distributions
    from jackfield.discovery.distributions import unique_distributions as unique_distributions
    from jackfield.discovery.external import EXTERNAL as EXTERNAL
    from jackfield.discovery.external import external_candidate as external_candidate
    from jackfield.discovery.external import external_candidates as external_candidates
    from jackfield.discovery.external import external_record as external_record
    from jackfield.discovery.files import HOSTFILE as HOSTFILE
    from jackfield.discovery.files import HOSTS as HOSTS
    from jackfield.discovery.files import MANIFEST as MANIFEST
    from jackfield.discovery.headers import requirements_of as requirements_of
    from jackfield.discovery.hosts import discover_hosts as discover_hosts
    from jackfield.discovery.hosts import find_host as find_host
    from jackfield.discovery.index import Row as Row
    from jackfield.discovery.index import Rows as Rows
    from jackfield.discovery.index import installed_entry_points as installed_entry_points
    from jackfield.discovery.keeping import write_private as write_private
    from jackfield.discovery.scripts import SCRIPT_FOLDERS as SCRIPT_FOLDERS
    from jackfield.discovery.scripts import discover_scripts as discover_scripts
    from jackfield.discovery.scripts import languages_of as languages_of
    from jackfield.discovery.scripts import read_candidate as read_candidate
    from jackfield.discovery.scripts import stamp_of_folders as stamp_of_folders

_HOMES = {
    "candidates": ("discover",),
    "closure": ("api_distributions", "needed_distributions"),
    "distributions": ("unique_distributions",),
    "external": ("EXTERNAL", "external_candidate", "external_candidates", "external_record"),
    "files": ("HOSTFILE", "HOSTS", "MANIFEST"),
    "headers": ("requirements_of",),
    "hosts": ("discover_hosts", "find_host"),
    "index": (
        "Row",
        "Rows",
        "installed_entry_points",
    ),
    "keeping": ("write_private",),
    "scripts": ("SCRIPT_FOLDERS", "discover_scripts", "languages_of", "read_candidate", "stamp_of_folders"),
}

__all__ = sorted(name for names in _HOMES.values() for name in names)  # noqa: PLE0605 (the names are those above)


def __getattr__(name: str) -> object:
    """Load a public name from its module on first use (PEP 562)."""
    for module, names in _HOMES.items():
        if name in names:
            # Not `import_module`: to import that takes longer than what is loaded here.
            return getattr(__import__(f"jackfield.discovery.{module}", fromlist=(name,)), name)
    raise AttributeError(f"module 'jackfield.discovery' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
