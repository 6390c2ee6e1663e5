"""Versions of which nobody can read what they say: a check names what an update takes, and says why not the newest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jackfield.management import Management

from tests.support.careless_index import Shown, careless_index, shown
from tests.support.wheels import plugin_source

NONSENSE = "Metadata-Version: 2.1\nName: chat-poll\nVersion: 3.0.0\nRequires-Dist: a b c\n\n"


def version(number: str, folder: Path, **texts: str) -> Shown:
    return shown(plugin_source("poll", number), folder, **texts)  # type: ignore[arg-type]  # texts alone


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        ({"metadata": NONSENSE}, "3.0.0 cannot be read: chat_poll-3.0.0-py3-none-any.whl: Expected semicolon"),
        ({"manifest": "schema = 99\n"}, "3.0.0 cannot be read: chat_poll-3.0.0-py3-none-any.whl.plugin.toml: needs"),
        ({"manifest": "]["}, "3.0.0 cannot be read: chat_poll-3.0.0-py3-none-any.whl.plugin.toml: not TOML"),
    ],
)
@pytest.mark.feature("C42")
async def test_a_check_names_what_an_update_takes(
    manage: Callable[..., Management], tmp_path: Path, texts: dict[str, Any], reason: str
):
    offered = [version("1.0.0", tmp_path)]
    with careless_index({"chat-poll": offered}, {"poll": "chat-poll"}) as address:
        management = manage(address)
        await management.apply(await management.plan_install(["poll"]), accept_permissions=True, by="tester")
        offered += [version("2.0.0", tmp_path), version("3.0.0", tmp_path, **texts)]
        management = manage(address)
        (update,) = await management.check_updates()
        assert (update.new, update.problem) == ("2.0.0", None)
        assert update.unread is not None
        assert update.unread.startswith(reason)
        plan = await management.plan_update()
        await management.apply(plan, accept_permissions=True, by="tester")
        (update,) = await manage(address).check_updates()
        assert update.new is None
        assert update.problem is not None
        assert update.problem.startswith(f"not checked: {reason.removeprefix('3.0.0 cannot be read: ')}")
