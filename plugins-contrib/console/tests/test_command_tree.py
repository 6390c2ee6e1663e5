"""The command tree of scripts: what each node takes, where a mistake stands, and what completes a line."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.sources import imported

pytestmark = pytest.mark.feature("U13", "M43")


@pytest.fixture(scope="module")
def tree() -> Iterator[SimpleNamespace]:
    """Everything that `from mcdreforged.api.command import *` gives."""
    with imported(Path(__file__).parents[1], "chat_console.shim") as module:
        shim = module.ShimFinder()
        shim.install()
        names: dict[str, Any] = {}
        try:
            exec("from mcdreforged.api.command import *", names)
            yield SimpleNamespace(**names)
        finally:
            shim.remove()


class Source:
    """Whoever gives the commands of a test."""

    def __init__(self, level: int = 4) -> None:
        self.level = level
        self.is_player = False
        self.is_console = True

    def has_permission(self, level: int) -> bool:
        return self.level >= level


def run(tree: SimpleNamespace, root: Any, text: str, source: Any = None) -> Any:
    return root.execute(tree.CommandContext(source or Source(), text))


def mistake(tree: SimpleNamespace, root: Any, text: str, source: Any = None) -> Any:
    with pytest.raises(tree.CommandError) as caught:
        run(tree, root, text, source)
    return caught.value


def email(tree: SimpleNamespace) -> Any:
    """The tree of the documentation."""
    return (
        tree.Literal("!!email")
        .runs(lambda: "root")
        .then(tree.Literal({"list", "l"}).runs(lambda source: "list"))
        .then(
            tree.Literal("remove").then(
                tree.Integer("email_id").at_min(1).runs(lambda source, context: context["email_id"])
            )
        )
        .then(
            tree.Literal("send").then(
                tree.Text("player").then(tree.GreedyText("message").runs(lambda source, context: dict(context)))
            )
        )
    )


def test_words_and_arguments_lead_to_their_callbacks(tree):
    root = email(tree)
    assert run(tree, root, "!!email") == "root"
    assert run(tree, root, "!!email  l ") == "list"
    assert run(tree, root, "!!email remove 21") == 21
    assert run(tree, root, "!!email send Alex hello  you") == {"player": "Alex", "message": "hello  you"}


@pytest.mark.parametrize(
    ("text", "kind", "told"),
    [
        ("!!email remove", "UnknownCommand", "Unknown command: !!email remove<--"),
        ("!!email remove x1", "InvalidInteger", "Invalid integer: !!email remove x1<--"),
        ("!!email remove 0", "NumberOutOfRange", "Value out of range [1, +∞]: !!email remove 0<--"),
        ("!!email remove 1 more", "UnknownArgument", "Unknown argument: !!email remove 1 more<--"),
        ("!!email what", "UnknownRootArgument", "Unknown argument: !!email what<--"),
    ],
)
def test_a_mistake_names_its_kind_and_its_place(tree, text, kind, told):
    error = mistake(tree, email(tree), text)
    assert (type(error).__name__, str(error)) == (kind, told)


def test_requirements_refuse_with_their_own_words(tree):
    requires = tree.Requirements
    root = tree.Literal("!!x").then(
        tree.Literal("a").requires(requires.has_permission(3), lambda: "not you").runs(lambda: "a")
    )
    assert run(tree, root, "!!x a") == "a"
    error = mistake(tree, root, "!!x a", Source(1))
    assert (str(error), error.has_custom_reason()) == ("not you", True)
    assert requires.is_console()(Source())
    assert not requires.is_player()(Source())


def test_a_precondition_hides_a_branch(tree):
    root = (
        tree.Literal("!!x")
        .then(tree.Literal("a").precondition(lambda source: source.level > 3).runs(lambda: "hidden"))
        .then(tree.Text("word").runs(lambda source, context: context["word"]))
    )
    assert run(tree, root, "!!x a") == "hidden"
    assert run(tree, root, "!!x a", Source(1)) == "a"


def test_handlers_hear_errors_of_a_node_and_of_what_is_below(tree):
    heard: list[tuple[str, str]] = []
    root = (
        tree.Literal("!!x")
        .on_child_error(tree.InvalidInteger, lambda source, error: heard.append(("child", str(error))), handled=True)
        .then(tree.Integer("n").on_error(tree.CommandSyntaxError, lambda: heard.append(("own", ""))))
    )
    assert mistake(tree, root, "!!x seven").is_handled()
    assert heard == [("own", ""), ("child", "Invalid integer: !!x seven<--")]


class Color(Enum):
    red = 1
    blue = 2


@pytest.mark.parametrize(
    ("node", "text", "value"),
    [
        (lambda t: t.Number("v"), "1", 1),
        (lambda t: t.Number("v"), "1.5", 1.5),
        (lambda t: t.Float("v").in_range(0, 2), "0.5", 0.5),
        (lambda t: t.Text("v"), "word", "word"),
        (lambda t: t.QuotableText("v"), r'"two \"words\" \\"', r'two "words" \\'[:-1]),
        (lambda t: t.QuotableText("v"), "bare", "bare"),
        (lambda t: t.QuotableText("v").allow_empty(), '""', ""),
        (lambda t: t.GreedyText("v"), "a b  c", "a b  c"),
        (lambda t: t.Boolean("v"), "true", True),
        (lambda t: t.Boolean("v"), "False", False),
        (lambda t: t.Enumeration("v", Color), "blue", Color.blue),
    ],
)
def test_each_argument_reads_its_kind(tree, node, text, value):
    root = tree.Literal("!!x").then(node(tree).runs(lambda source, context: context["v"]))
    assert run(tree, root, f"!!x {text}") == value


@pytest.mark.parametrize(
    ("node", "text", "kind"),
    [
        (lambda t: t.Number("v"), "one", "InvalidNumber"),
        (lambda t: t.Float("v"), "nan", "InvalidFloat"),
        (lambda t: t.Float("v").at_max(1), "2", "NumberOutOfRange"),
        (lambda t: t.Text("v").in_length_range(2, 3), "w", "TextLengthOutOfRange"),
        (lambda t: t.QuotableText("v"), '"open', "UnclosedQuotedString"),
        (lambda t: t.QuotableText("v"), r'"a\n"', "IllegalEscapesUsage"),
        (lambda t: t.QuotableText("v"), '""', "EmptyText"),
        (lambda t: t.Boolean("v"), "yes", "InvalidBoolean"),
        (lambda t: t.Enumeration("v", Color), "green", "InvalidEnumeration"),
    ],
)
def test_each_argument_refuses_what_it_is_not(tree, node, text, kind):
    root = tree.Literal("!!x").then(node(tree).runs(lambda: None))
    assert type(mistake(tree, root, f"!!x {text}")).__name__ == kind


def test_the_argument_that_fits_is_taken(tree):
    root = (
        tree.Literal("!!x")
        .then(tree.Integer("n").runs(lambda source, context: ("n", context["n"])))
        .then(tree.Text("t").runs(lambda source, context: ("t", context["t"])))
    )
    assert run(tree, root, "!!x 7") == ("n", 7)
    assert run(tree, root, "!!x seven") == ("t", "seven")


def test_a_script_makes_a_node_of_its_own(tree):
    class Point(tree.ArgumentNode):
        def parse(self, text):
            read, values = 0, []
            for _ in range(3):
                rest = text[read:]
                read += len(rest) - len(tree.command_builder_utils.remove_divider_prefix(rest))
                value, taken = tree.command_builder_utils.get_float(text[read:])
                if value is None:
                    raise tree.IllegalArgument("Incomplete point", read + taken)
                values.append(value)
                read += taken
            return tree.ParseResult(values, read)

    root = tree.Literal("!!p").then(Point("at").runs(lambda source, context: context["at"]))
    assert run(tree, root, "!!p 1 2.5  3") == [1.0, 2.5, 3.0]
    assert str(mistake(tree, root, "!!p 1 2")) == "Incomplete point: !!p 1 2<--"


def test_a_counting_word_and_a_collecting_argument_can_be_passed_again(tree):
    root = tree.Literal("!!c").runs(lambda source, context: (context.get("loud", 0), context.get("word", [])))
    root.then(tree.CountingLiteral("-v", "loud").redirects(root))
    root.then(tree.Text("word", accumulate=True).redirects(root))
    assert run(tree, root, "!!c -v a -v b") == (2, ["a", "b"])


def test_the_simple_builder_makes_the_same_tree(tree):
    builder = tree.SimpleCommandBuilder()
    builder.command("!!email list", lambda: "list")
    builder.command("!!email remove <email_id>", lambda source, context: context["email_id"])

    @builder.command("!!email send <player> <message>")
    def send(source, context):
        return context["player"], context["message"]

    builder.arg("email_id", tree.Integer).requires(lambda source: source.level > 2)
    builder.arg("player", tree.Text).suggests(lambda: ["Alex", "Steve"])
    builder.arg("message", tree.GreedyText)
    builder.literal("list").requires(lambda source: source.level > 0)
    (root,) = builder.build()
    assert run(tree, root, "!!email list") == "list"
    assert run(tree, root, "!!email remove 3") == 3
    assert run(tree, root, "!!email send Alex hi there") == ("Alex", "hi there")
    assert type(mistake(tree, root, "!!email remove 3", Source(1))).__name__ == "RequirementNotMet"
    registered: list[Any] = []
    builder.register(SimpleNamespace(register_command=registered.append))
    assert registered == [root]
    lines: list[str] = []
    builder.print_tree(lines.append)
    assert lines[0] == "Literal(!!email)"


def test_the_simple_builder_names_an_argument_that_nobody_defined(tree):
    builder = tree.SimpleCommandBuilder()
    builder.command("!!a <b>", print)
    with pytest.raises(tree.IllegalNodeOperation, match="<b> is not defined"):
        builder.build()
    with pytest.raises(TypeError, match="a literal is a word without spaces"):
        tree.Literal("two words")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("!!email ", ["l", "list", "remove", "send"]),
        ("!!email re", ["remove"]),
        ("!!email send A", ["Alex"]),
        ("!!email send Alex ", ["false", "true"]),
        ("!!email what ", []),
    ],
)
def test_a_line_is_completed(tree, text, found):
    root = email(tree)
    send = next(one for one in root.get_children() if "send" in getattr(one, "literals", ()))
    (player,) = send.get_children()
    player.suggests(lambda: ["Alex", "Steve"]).then(tree.Boolean("loud"))
    assert sorted(root.complete(tree.CommandContext(Source(), text))) == found


@settings(deadline=None)
@given(st.text(alphabet=st.characters(exclude_characters="\r\n\x00"), max_size=40))
def test_quoted_text_reads_what_was_quoted(tree, text):
    node = tree.QuotableText("v").allow_empty()
    quoted = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    assert node.parse(quoted + " rest") == (text, len(quoted))
