"""Random histories of updates, edits and rollbacks: what the user took away, or set, stays so."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jackfield.errors import UsageError
from jackfield.management import Environment, Management
from jackfield.store import Layout

from tests.support.wheels import build_plugin

pytestmark = pytest.mark.slow

PERMISSIONS = '[[permissions]]\nresource = "storage"\nactions = ["read", "write"]\n'
VERSIONS = ("1.0.0", "2.0.0", "3.0.0")


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("wheels")
    return {version: str(build_plugin(folder, "poll", version, permissions=PERMISSIONS)) for version in VERSIONS}


STEP = st.one_of(
    st.tuples(st.just("install"), st.sampled_from(VERSIONS)),
    st.tuples(st.just("rollback"), st.none()),
    st.tuples(st.just("rollback"), st.integers(1, 6)),
    st.tuples(st.just("disable"), st.none()),
)

GONE = st.just(("remove", None))


@given(before=st.lists(STEP, max_size=3), after=st.lists(STEP, min_size=1, max_size=5))
@settings(max_examples=12)
def test_a_revoked_grant_never_returns(
    before: list[tuple[str, object]], after: list[tuple[str, object]], wheels: dict[str, str]
) -> None:
    async def do(management: Management, step: tuple[str, object]) -> None:
        word, what = step
        if word == "install":
            plan = await management.plan_install([wheels[str(what)]])
            if plan:
                await management.apply(plan, accept_permissions=True, by="tester")
        elif word == "disable":
            management.disable("poll", by="tester")
        else:
            with suppress(UsageError):  # nothing to go back to
                await management.rollback(to=what if isinstance(what, int) else None, by="tester")

    async def live(root: Path) -> None:
        management = Management("chat", Layout(root), [], environment=Environment(("chat.plugins",), path=[]))
        await do(management, ("install", "1.0.0"))
        for step in before:
            if management.list():
                await do(management, step)
        if not management.list():
            return
        management.revoke("poll", "storage:write", by="user")
        for step in after:
            if not management.list():
                return  # rolled back to before it was installed; another install asks for everything anew
            await do(management, step)
            grant = management.state.get("grants/poll")
            assert grant is None or "write" not in str(grant["permissions"]), (step, grant)

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(live(Path(folder)))


@given(steps=st.lists(st.one_of(STEP.filter(lambda step: step[0] != "disable"), GONE), min_size=4, max_size=9))
@example(steps=[*(("install", version) for version in VERSIONS[:2]), *(("rollback", to) for to in (None, None, 1, 2))])
@settings(max_examples=12)
def test_a_generation_has_its_state_however_it_is_gone_to(
    steps: list[tuple[str, object]], wheels: dict[str, str]
) -> None:
    """Where the user changes nothing else, what was undone and made again is what it was."""

    async def live(root: Path) -> None:
        management = Management("chat", Layout(root), [], environment=Environment(("chat.plugins",), path=[]))
        states: dict[int, object] = {}
        for word, what in steps:
            with suppress(UsageError):  # nothing to go back to, or that is so already
                if word == "install":
                    plan = await management.plan_install([wheels[str(what)]])
                    await management.apply(plan, accept_permissions=True, by="tester")
                elif word == "remove":
                    if management.list():
                        await management.apply(management.plan_remove(["poll"]), accept_permissions=True, by="tester")
                else:
                    await management.rollback(to=what if isinstance(what, int) else None, by="tester")
            number, state = management.store.active_number(), management.state.items()
            assert states.setdefault(number, state) == state, (number, steps)

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(live(Path(folder)))
