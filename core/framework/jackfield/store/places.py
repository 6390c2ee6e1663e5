"""Where the folder of a profile lies, as text.

Every start of an application that took `jackfield.PluginManager` in pluggy's place asks for it, mostly to find nothing
there. So this loads next to nothing; `jackfield.store.Layout` is the same with all that lies below.
"""

import os
import sys
from collections.abc import Mapping

_LONGEST_NAME = 100
_PRIME = (
    2**32 - 5
)  # so eight digits; not one below a power of two, for which bytes at some distances could change places


def home_folder(environ: Mapping[str, str]) -> str:
    """Return the folder above all applications: `JACKFIELD_HOME`, else the user's data folder as platformdirs says."""
    moved = environ.get("JACKFIELD_HOME")
    if moved:
        return os.path.abspath(os.path.expanduser(moved))  # noqa: PTH100, PTH111 (pathlib takes 3 ms to load)
    if sys.platform != "linux":
        import platformdirs

        return platformdirs.user_data_dir("jackfield", appauthor=False)
    data = environ.get("XDG_DATA_HOME", "").strip() or os.path.join(os.path.expanduser("~"), ".local", "share")  # noqa: PTH111, PTH118 (likewise)
    return os.path.join(data, "jackfield")  # noqa: PTH118 (likewise)


def profile_folder(app: str, profile: str | None, environ: Mapping[str, str]) -> str:
    """Return the folder of a named profile, else of the one of the Python environment that runs now.

    Args:
        app: the application's name, as in its host.toml.
        profile: a name to share between environments; without it one is derived from `sys.prefix`.
        environ: the environment variables.

    Raises:
        UsageError: the app or the profile is not a plain name (a path could lead out of the data folder).
    """
    problem = name_problem(app, profile, environ)
    if problem is not None:
        from jackfield.errors import UsageError  # forty classes: not before one is raised

        raise UsageError(problem, hint="letters, digits, '.', '_' and '-' only")
    profile = profile or environ.get("JACKFIELD_PROFILE") or environment_profile(sys.prefix)
    return os.path.join(home_folder(environ), app, profile)  # noqa: PTH118 (likewise)


def name_problem(app: str, profile: str | None, environ: Mapping[str, str]) -> str | None:
    """Say what keeps `profile_folder` from giving a folder; None: nothing does."""
    profile = profile or environ.get("JACKFIELD_PROFILE")
    if not _is_plain(app):
        return f"{app!r} is no app name"
    return f"{profile!r} is no profile name" if profile and not _is_plain(profile) else None


def _is_plain(name: str) -> bool:
    """Say whether a name is letters, digits, '.', '_' and '-', a letter or digit first; compiling that takes longer."""
    plain = name.replace(".", "a").replace("_", "a").replace("-", "a")
    return name[:1].isalnum() and plain.isalnum() and name.isascii() and len(name) <= _LONGEST_NAME


def environment_profile(prefix: str) -> str:
    """Return the profile's name for a Python environment: its folder's name, and a hash so that no two are one."""
    path = os.path.realpath(prefix)
    plain = (one if one.isascii() and one.isalnum() else " " for one in os.path.basename(path))  # noqa: PTH119 (likewise)
    stem = "-".join("".join(plain).split()) or "python"
    # Any number that tells folders apart will do (see `jackfield.discovery.index`), and a digest has a library to load.
    return f"{stem[:40]}-{int.from_bytes(os.fsencode(path), 'big') % _PRIME:08x}"
