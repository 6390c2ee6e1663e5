"""Run in the peers' environment: `fill_devpi.py SERVERDIR WHEELS` puts wheels into the index root/bench of a devpi.

Through devpi's own model, five hundred in a transaction: as uploads they would take minutes.
"""

from __future__ import annotations

import sys
import warnings
from itertools import islice
from pathlib import Path

AT_ONCE = 500


def main(serverdir: str, wheels: str) -> int:
    """Make the index and fill it; 0 when all is there."""
    warnings.simplefilter("ignore")  # devpi's own, about pkg_resources
    from devpi_server.config import get_pluginmanager  # type: ignore[import-not-found]  # in the peers' environment
    from devpi_server.main import CommandRunner, xom_from_config  # type: ignore[import-not-found]  # there too

    with CommandRunner(pluginmanager=get_pluginmanager()) as runner:
        parser = runner.create_parser(description="", add_help=False)
        for add in ("configfile_option", "logging_options", "role_option", "primary_url_option"):
            getattr(parser, f"add_{add}")()
        parser.add_storage_options()
        parser.add_init_options()
        xom = xom_from_config(runner.get_config(["fill", "--serverdir", serverdir], parser=parser))
        with xom.keyfs.write_transaction():
            xom.model.get_user("root").create_stage("bench", type="stage", bases=())
        paths = iter(sorted(Path(wheels).glob("*.whl")))
        while part := list(islice(paths, AT_ONCE)):
            with xom.keyfs.write_transaction():
                stage = xom.model.getstage("root/bench")
                for path in part:
                    name, version, *_ = path.name.replace("_", "-").rsplit("-", 4)
                    stage.set_versiondata({"name": name, "version": version})
                    with path.open("rb") as content:
                        stage.store_releasefile(name, version, path.name, content)
    return runner.return_code or 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
