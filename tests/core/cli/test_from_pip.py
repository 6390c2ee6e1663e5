"""Plugins that came by pip: found, enabled and listed like any other, and left to pip for the rest."""

import re
from datetime import datetime

import pytest

from tests.core.cli.conftest import Desk

pytestmark = pytest.mark.slow


class TestFromPip:
    """Plugins of the environment: one with a manifest by uv, one without by pip."""

    def test_they_are_found_and_not_enabled(self, desk: Desk):
        rows = desk.rows()
        assert "no manifest" in desk.run("list").out
        assert {name: (row["state"], row["origin"]) for name, row in rows.items()} == {
            "weather": ("found", "environment"),
            "legacy-x": ("found", "environment"),
        }
        assert re.search(r"weather +1\.4\.0 +not enabled +worker \(\w+\) +pip", desk.run("list").out)

    def test_consent_is_asked_at_enable(self, desk: Desk):
        ran = desk.run("enable", "weather", typed="y\n")
        assert ran.code == 0
        assert re.search(r"wants to +send messages +to post results", ran.out)
        assert "this Python environment, where pip or uv put it" in ran.out
        assert desk.rows()["weather"]["state"] == "enabled"

    def test_one_without_a_manifest_asks_for_full_trust(self, desk: Desk):
        ran = desk.run("enable", "legacy-x", typed="y\n")
        assert ran.code == 0
        assert "it has no manifest, so a yes is full trust" in ran.out
        row = desk.rows()["legacy-x"]
        assert (row["state"], row["legacy"], row["isolation"], row["isolation_asked"]) == (
            "enabled",
            True,
            "inline",
            None,
        )
        today = datetime.now().astimezone()
        assert f"no manifest: trusted by you on {today.day} {today:%B}" in desk.run("list").out

    def test_they_are_disabled_like_the_others(self, desk: Desk):
        desk.run("enable", "weather", "--accept-permissions")
        assert desk.run("disable", "weather").out == "weather was disabled.\n"
        assert desk.rows()["weather"]["enabled"] is False
        # The grant is kept: enabled again, it asks nothing.
        assert desk.run("enable", "weather").code == 0

    @pytest.mark.parametrize("verb", ["update", "remove"])
    def test_their_update_and_removal_are_left_to_pip(self, desk: Desk, verb):
        ran = desk.run(verb, "weather")
        assert ran.code == 1
        assert f"weather came by pip: {verb} it with pip" in ran.err
        assert "hint: pip" in ran.err
