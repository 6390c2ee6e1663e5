"""Where the folder of a profile lies, as text.

Every start of an application that took `jackfield.PluginManager` in pluggy's place asks for it, mostly to find nothing
there. So this loads next to nothing; `jackfield.store.Layout` is the same with all that lies below.
"""

import os
import re
import sys
from collections.abc import Mapping
from importlib import import_module

from jackfield.errors import UsageError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


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
    profile = profile or environ.get("JACKFIELD_PROFILE") or environment_profile(sys.prefix)
    for what, name in (("app", app), ("profile", profile)):
        if not _NAME.fullmatch(name):
            raise UsageError(f"{name!r} is no {what} name", hint="letters, digits, '.', '_' and '-' only")
    return os.path.join(home_folder(environ), app, profile)  # noqa: PTH118 (likewise)


def environment_profile(prefix: str) -> str:
    """Return the profile's name for a Python environment: its folder's name, and a hash so that no two are one."""
    path = os.path.realpath(prefix)
    stem = re.sub(r"[^A-Za-z0-9]+", "-", os.path.basename(path)).strip("-") or "python"  # noqa: PTH119 (likewise)
    return f"{stem[:40]}-{_sha256(os.fsencode(path))[:8]}"


def _sha256(content: bytes) -> str:
    try:  # the interpreter's own, as its `random` does: `hashlib` loads the whole of OpenSSL, 2 ms
        found = import_module("_sha2" if sys.version_info >= (3, 12) else "_sha256")
    except ImportError:  # an interpreter built without it
        found = import_module("hashlib")
    digest: str = found.sha256(content).hexdigest()
    return digest
