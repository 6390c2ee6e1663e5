"""Which marketplaces are asked, and in which order."""

from collections.abc import Mapping
from pathlib import Path

from jackfield.errors import UsageError
from jackfield.places import home_folder, user_home

VARIABLE = "JACKFIELD_MARKETPLACE"


def marketplace_urls(environ: Mapping[str, str], app: str) -> tuple[str, ...]:
    """The addresses that the environment names, else the configuration file; first one first.

    Args:
        environ: `JACKFIELD_MARKETPLACE` holds addresses, separated by spaces or commas.
        app: the application; `[apps.<name>] marketplaces = […]` in the file goes before `marketplaces = […]`.

    Raises:
        UsageError: an address that is none, or a configuration file that cannot be read.
    """
    named = environ.get(VARIABLE, "").replace(",", " ").split()
    if named:
        return tuple(checked_url(url, VARIABLE) for url in named)
    file = configuration_file(environ)
    if not file.is_file():
        return ()
    import tomllib

    try:
        with file.open("rb") as stream:
            configured = tomllib.load(stream)
    except (OSError, ValueError, RecursionError) as error:  # also what is not UTF-8, or has numbers without end
        raise UsageError(f"{file} cannot be read: {error}") from error
    apps = configured.get("apps", {})
    own = apps.get(app, {}) if isinstance(apps, dict) else None
    if not isinstance(own, dict):
        raise UsageError(f"{file}: [apps.{app}] must be a table")
    urls = own.get("marketplaces", configured.get("marketplaces", []))
    if not isinstance(urls, list) or not all(isinstance(url, str) for url in urls):
        raise UsageError(f"{file}: marketplaces must be a list of addresses")
    return tuple(checked_url(url, str(file)) for url in urls)


def configuration_file(environ: Mapping[str, str]) -> Path:
    """`config.toml` in `JACKFIELD_HOME`, else where platformdirs keeps a user's configuration.

    Raises:
        UsageError: `JACKFIELD_HOME` begins with the name of a user whom this system does not know.
    """
    if environ.get("JACKFIELD_HOME"):
        return Path(home_folder(environ), "config.toml")
    import platformdirs

    try:
        return platformdirs.user_config_path("jackfield", appauthor=False) / "config.toml"
    except RuntimeError:  # it knows no folder of this user
        return Path(user_home(), ".config", "jackfield", "config.toml")


def checked_url(url: str, where: str) -> str:
    """The address itself.

    Raises:
        UsageError: it is not http or https.
    """
    scheme, separator, rest = url.partition("://")
    if scheme not in {"http", "https"} or not separator or not rest.strip("/"):
        raise UsageError(f"{where}: {url!r} is not the address of a marketplace", hint="http://… or https://…")
    return url
