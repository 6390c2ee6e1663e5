"""The state machine: every step that can be taken, and none besides."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.errors import PluginError
from jackfield.host import Happening, Life, State, advance, possible

H, S = Happening, State

STEPS = {
    S.FOUND: {H.FOUND: S.FOUND, H.RESOLVED: S.RESOLVED, H.BLOCKED: S.BLOCKED, H.SHADOWED: S.SHADOWED},
    S.RESOLVED: {H.FOUND: S.FOUND, H.LOADED: S.LOADED, H.BLOCKED: S.BLOCKED, H.FAILED: S.FAILED},
    S.LOADED: {H.ENABLED: S.ACTIVE, H.UNLOADED: S.UNLOADED, H.FAILED: S.FAILED},
    S.ACTIVE: {H.DISABLED: S.IDLE, H.HELD: S.PENDING_RESTART, H.FAILED: S.FAILED},
    S.IDLE: {H.ENABLED: S.ACTIVE, H.UNLOADED: S.UNLOADED, H.FAILED: S.FAILED},
    S.PENDING_RESTART: {H.HELD: S.PENDING_RESTART, H.RELEASED: S.ACTIVE, H.DISABLED: S.IDLE},
    S.UNLOADED: {H.FOUND: S.FOUND},
    S.FAILED: {H.FOUND: S.FOUND, H.UNLOADED: S.UNLOADED},
    S.BLOCKED: {H.FOUND: S.FOUND},
    S.SHADOWED: {H.FOUND: S.FOUND},
}


@pytest.mark.feature("K16", "C7", "M41")
@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("happening", Happening)
def test_each_step_leads_where_the_table_says_or_is_refused(state, happening):
    after = STEPS[state].get(happening)
    assert possible(state, happening) == (after is not None)
    if after is None:
        with pytest.raises(PluginError):
            advance(Life(state), happening)
    else:
        assert advance(Life(state), happening, "why").state is after


@given(st.lists(st.sampled_from(Happening), max_size=40))
def test_no_way_leads_to_running_code_without_being_looked_at_and_loaded(happenings):
    life, way = Life(), []
    for happening in happenings:
        if not possible(life.state, happening):
            continue
        life = advance(life, happening)
        way.append(happening)
        if happening is H.FOUND:
            way = []
        if life.state.runs_code:
            assert way[:2] == [H.RESOLVED, H.LOADED]


@pytest.mark.feature("C8", "U39")
def test_a_failure_keeps_its_traceback_until_the_plugin_is_looked_at_anew():
    failed = advance(Life(State.LOADED), H.FAILED, "boom", "Traceback …")
    assert (failed.problem, failed.traceback) == ("boom", "Traceback …")
    unloaded = advance(failed, H.UNLOADED)
    assert (unloaded.problem, unloaded.traceback) == ("boom", "Traceback …")
    assert advance(unloaded, H.FOUND) == Life()
