"""What its user says of a plugin while it is being changed: whoever speaks after the plan has spoken last."""

from __future__ import annotations

from contextlib import suppress

import pytest
from jackfield.errors import StoreError, StoreLocked
from jackfield.storage import State

from tests.core.management.story import MEMBERS, SEND
from tests.support.wheels import build_plugin

SWITCH = [
    "generation-renamed",
    "journal-begun",
    "pointer-written",
    "change-synced",
    "pointer-replaced",
    "pointer-synced",
]
"""The steps from where a plan is not looked at again until the state has its part; some wait for the disk."""


@pytest.fixture
async def management(manage, tmp_path):
    management = manage()
    await install(management, tmp_path, "1.0.0")
    return management


async def install(management, folder, version, progress=None):
    wheel = build_plugin(folder / "w", "poll", version, permissions=SEND)
    plan = await management.plan_install([str(wheel)])
    await management.apply(plan, accept_permissions=True, by="tester", progress=progress)


@pytest.mark.parametrize("step", SWITCH)
@pytest.mark.parametrize("permission", ["messages:send", None])
async def test_what_is_revoked_while_an_update_is_switched_does_not_come_back(
    step, permission, management, manage, tmp_path
):
    def revoke(done, *_):
        if done == step:
            manage(lock_seconds=0).revoke("poll", permission, by="somebody in another terminal")

    await install(management, tmp_path, "2.0.0", revoke)
    assert [row.version for row in management.list()] == ["2.0.0"]
    grant = management.permissions("poll").grant
    assert grant is None or not grant.allows("messages", "send")
    await management.rollback(by="tester")
    grant = management.permissions("poll").grant
    assert grant is None or not grant.allows("messages", "send")


@pytest.mark.parametrize("step", ["journal-begun", "pointer-replaced", "pointer-synced"])
async def test_what_is_revoked_before_a_dead_installers_change_is_completed_does_not_come_back(
    step, management, manage, tmp_path
):
    """Its journal holds what it worked out before; who revokes cannot complete it while yet another is at work."""

    class Died(BaseException):
        pass

    def die(done, *_):
        if done == step:
            raise Died

    with pytest.raises(Died):
        await install(management, tmp_path, "2.0.0", die)
    other = manage(lock_seconds=0)
    with management.store.lock(by="yet another"):
        with pytest.raises(StoreLocked):
            other.settle()
        other.revoke("poll", "messages:send", by="somebody in another terminal")
    assert not manage().permissions("poll").grant.allows("messages", "send")


async def test_what_is_revoked_while_an_undone_update_is_made_again_does_not_come_back(management, manage, tmp_path):
    more = build_plugin(tmp_path / "w", "poll", "2.0.0", permissions=SEND.replace('"send"', '"send", "read"'))
    await management.apply(await management.plan_install([str(more)]), accept_permissions=True, by="tester")
    await management.rollback(by="tester")

    def revoke(done, *_):
        if done == "pointer-replaced":
            manage(lock_seconds=0).revoke("poll", None, by="somebody in another terminal")

    report = await management.rollback(to=2, by="tester", progress=revoke)
    assert management.permissions("poll").grant is None
    assert "grants/poll" in report.kept
    assert "grants/poll" not in report.restored


async def test_what_is_disabled_while_it_is_being_installed_stays_so(manage, tmp_path):
    management = manage()

    def disable(done, *_):
        if done == "pointer-replaced":
            manage(lock_seconds=0).disable("poll", by="somebody in another terminal")

    await install(management, tmp_path, "1.0.0", disable)
    assert [row.enabled for row in management.list()] == [False]


async def test_a_plugin_that_is_removed_keeps_no_grant_of_that_moment(management, manage):
    def grant(done, *_):
        if done == "journal-begun":
            manage(lock_seconds=0).grant("poll", by="somebody in another terminal")

    plan = management.plan_remove(["poll"])
    await management.apply(plan, accept_permissions=True, by="tester", progress=grant)
    assert management.state.items("grants/") == {}


class Overheard(State):
    """A state in which somebody else says something right after a certain look at a grant."""

    def __init__(self, folder, look, say):
        super().__init__(folder)
        self.left, self._say = look, say

    def get(self, key, default=None):
        found = super().get(key, default)
        if key == "grants/poll":
            self.left -= 1
            if not self.left:
                self._say()
        return found


async def test_what_is_revoked_at_any_moment_of_an_update_does_not_come_back(manage, layout, tmp_path):
    """What a plan grants and what it was worked out from are two looks, with a network between them."""
    await install(manage(), tmp_path, "1.0.0")
    for look in range(1, 100):
        manage().grant("poll", by="tester")
        management = manage()
        management.state = Overheard(
            layout.state, look, lambda: manage(lock_seconds=0).revoke("poll", "messages:send", by="somebody")
        )
        with suppress(StoreError):  # made void by it
            await install(management, tmp_path, f"{look}.1.0")
        if management.state.left > 0:
            break  # it looks no more often
        assert not manage().permissions("poll").grant.allows("messages", "send"), look
    assert look > 5


def test_two_who_speak_of_an_external_plugin_at_once_do_not_undo_each_other(manage):
    """Letting it in anew is worked out from what was granted: not from what somebody has taken away since."""
    manifest = f'schema = 1\nid = "radio"\nname = "Radio"\nversion = "1.0.0"\n{SEND}'
    manage().external.admit("radio", manifest, accept_permissions=True, by="tester")

    class Shown:
        """What its user read, looked at again when all has been worked out."""

        def __ne__(self, _request):
            manage().revoke("radio", "messages:send", by="somebody in another terminal")
            return False

    with pytest.raises(StoreError, match="meanwhile"):
        manage().external.admit("radio", manifest + MEMBERS, accept_permissions=True, shown=Shown(), by="tester")
    assert not manage().permissions("radio").grant.allows("messages", "send")
