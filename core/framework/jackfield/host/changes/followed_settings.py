"""Settings that change while their plugins run: read off the loop's thread, told on it."""

import asyncio
import logging
from collections.abc import Sequence

from jackfield.storage import Settings

_log = logging.getLogger("jackfield.host")


async def follow_settings(settings: Sequence[Settings]) -> None:
    """Take up what was typed into each `settings.toml`, and tell the plugins of every change, by whomever.

    Args:
        settings: those of the loaded plugins.
    """
    before = [one.problems for one in settings]
    await asyncio.to_thread(_take_up, settings)
    for one, known in zip(settings, before, strict=True):
        for problem in one.problems:
            if problem not in known:
                _log.warning("%s: %s", one.plugin, problem)
        one.refresh()


def _take_up(settings: Sequence[Settings]) -> None:
    for one in settings:
        one.take_up()
