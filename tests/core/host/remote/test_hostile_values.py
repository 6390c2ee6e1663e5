"""Values of a plugin's process that no method of a context can take: each is refused, and the link lives on."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jackfield.errors import CannotCross
from jackfield.host.remote.facets import keeping, reaching, services, speaking, telling
from jackfield.host.remote.facets.serving import codec_of
from jackfield.runtime import component_from_data

from tests.support.refusals import refused

pytestmark = pytest.mark.slow

CODECS = {
    f"{kind.__name__}.{name}": codec_of(function)
    for room in (keeping, reaching, services, speaking, telling)
    for kind in vars(room).values()
    if isinstance(kind, type) and kind.__name__.startswith("Served")
    for name, function in vars(kind).items()
    if not name.startswith("_")
}
KEYS = st.sampled_from(["type", "items", "text", "columns", "rows", "fields", "label", "action"])
COMPONENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["list", "text", "table", "form", "x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner),
)


class TestComponents:
    async def test_a_tree_that_no_page_could_show_is_a_failure_in_its_own_box(self, hostile):
        side, line = hostile
        deep: dict[str, Any] = {"type": "text", "text": "deep"}
        for _ in range(40):
            deep = {"type": "list", "items": [deep]}
        wide = {"type": "list", "items": [{"type": "text", "text": ""}] * 5000}
        for tree in (deep, wide):
            begun = time.perf_counter()
            await refused(line, "ui.add_component", {"name": "box", "component": tree}, "a component holds at most")
            assert time.perf_counter() - begun < 5
        await refused(line, "ui.add_component", {"name": "box", "component": {"type": "text", "text": 5}}, "is no text")
        await line.call("ui.add_component", {"name": "odd", "component": {"type": "no Thing"}})
        assert (await side.host.ui.draw("probe:odd")).error == "odd of probe was drawn as Thing, which is no component"

    @given(COMPONENTS)
    def test_whatever_is_sent_is_a_component_or_none(self, data):
        try:
            component_from_data(data)
        except TypeError as error:
            assert str(error)  # noqa: PT017 (most of what is made up is none)


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("storage.get", {}),
        ("storage.get", {"key": 5}),
        ("storage.apply", {"changes": [{"change": "explode"}]}),
        ("storage.apply", {"changes": [{"change": "insert"}]}),
        ("storage.apply", {"changes": 7}),
        ("storage.table", {"name": "t", "columns": {"a": "object"}}),
        ("table.select", {"table": "t", "limit": "all"}),
        ("settings.on_change", {"handler": "one"}),
        ("events.on", {"event": "", "handler": 1}),
        ("commands.add", {"name": "probe-x", "handler": 1, "function": {"parameters": [{"name": 1}]}}),
        ("commands.add", {"name": "probe-x", "handler": 1, "function": {}, "level": 77}),
        ("ui.add_component", {"name": "nothing"}),
        ("http.request", {"method": "GET", "url": "http://a/", "data": 5}),
        ("network.connect", {"host": "127.0.0.1", "port": 1}),
        ("files.open", {"path": "/etc/passwd", "mode": "x"}),
        ("nothing.there", {}),
    ],
)
async def test_what_does_not_fit_is_refused_and_the_link_lives_on(hostile, method, arguments):
    _, line = hostile
    await refused(line, method, arguments)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_arguments_raise_anything_but_errors(data):
    """The decoding of every method, with whatever msgpack can say."""
    name = data.draw(st.sampled_from(sorted(CODECS)))
    value = data.draw(
        st.recursive(
            st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=5) | st.binary(max_size=5),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
            max_leaves=10,
        )
    )
    try:
        CODECS[name].arguments(msgspec.msgpack.encode(value))
    except CannotCross as error:
        assert error.message  # noqa: PT017 (most of what is made up does not fit)
