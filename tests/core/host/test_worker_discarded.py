"""What a plugin keeps is deleted though its worker writes, renames and links until its last moment (U40)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from jackfield.storage import Belongings

from tests.support.frail import CODE, COMMANDS, Specs, pid_of
from tests.support.processes import is_there
from tests.support.waiting import until

pytestmark = pytest.mark.slow

WRITES = """
    def on_enable(self):
        import tempfile, threading
        for folder in (str(self.context.data_dir), tempfile.gettempdir()):
            threading.Thread(target=self.write, args=(folder,), daemon=True).start()

    def write(self, base):
        import shutil
        number = 0
        while True:
            number += 1
            try:
                os.makedirs(f"{base}/made/below", exist_ok=True)
                open(f"{base}/made/below/{number}", "w").close()
                os.symlink("OUTSIDE", f"{base}/made/link")
                os.rename(f"{base}/made", f"{base}/renamed-{number}")
                if number % 200 == 0:
                    for name in os.listdir(base):
                        shutil.rmtree(f"{base}/{name}", ignore_errors=True)
            except OSError:
                pass
"""


def files_below(folder: Path, plugin: str) -> list[Path]:
    return [one for place in ("data", "config", "run/temporary") for one in folder.joinpath(place, plugin).rglob("*")]


@pytest.mark.feature("U40")
async def test_nothing_is_left_of_a_plugin_whose_worker_wrote_until_it_was_removed(profile, build, running, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("kept")
    code = CODE + WRITES.replace("OUTSIDE", str(outside))
    profile.install(build("weather", code=code, isolation="worker", more=COMMANDS))
    profile.enable("weather", isolation="worker")
    host = await running(specs=Specs())
    worker = await pid_of(host)
    root = profile.layout.root
    await until(lambda: {"data", "run"} <= {one.relative_to(root).parts[0] for one in files_below(root, "weather")})
    profile.install()
    await host.reload_changes()
    assert not is_there(worker)
    await asyncio.to_thread(Belongings(root, host.state).delete, "weather", by="test")
    assert files_below(root, "weather") == []
    assert not (root / "run" / "temporary" / "weather").exists()
    assert (outside / "precious").read_text() == "kept"
