"""`SimpleCommandBuilder`: a command tree from lines such as `!!email send <player> <message>` (U13)."""

from collections.abc import Callable
from typing import Any

from chat_console.command_errors import CommandError, IllegalNodeOperation
from chat_console.nodes import AbstractNode, Literal


class NodeDefinition:
    """What the nodes of one name are made of and given; the calls are those of a node.

    Args:
        factory: makes a node of its name.
    """

    def __init__(self, factory: Callable[[str], AbstractNode]) -> None:
        self._factory = factory
        self._processors: list[Callable[[AbstractNode], Any]] = []

    def create_node(self, node_name: str) -> AbstractNode:
        """Make a node."""
        node = self._factory(node_name)
        for process in self._processors:
            process(node)
        return node

    def post_process(self, post_processor: Callable[[AbstractNode], Any]) -> "NodeDefinition":
        """Call a function with each node that is made."""
        self._processors.append(post_processor)
        return self

    def requires(
        self, requirement: Callable[..., Any], failure_message_getter: Callable[..., Any] | None = None
    ) -> "NodeDefinition":
        """See `AbstractNode.requires`."""
        return self.post_process(lambda node: node.requires(requirement, failure_message_getter))

    def precondition(self, precondition: Callable[..., Any]) -> "NodeDefinition":
        """See `AbstractNode.precondition`."""
        return self.post_process(lambda node: node.precondition(precondition))

    def suggests(self, suggestion: Callable[..., Any]) -> "NodeDefinition":
        """See `AbstractNode.suggests`."""
        return self.post_process(lambda node: node.suggests(suggestion))

    def on_error(
        self, error_type: type[CommandError], handler: Callable[..., Any], *, handled: bool = False
    ) -> "NodeDefinition":
        """See `AbstractNode.on_error`."""
        return self.post_process(lambda node: node.on_error(error_type, handler, handled=handled))

    def on_child_error(
        self, error_type: type[CommandError], handler: Callable[..., Any], *, handled: bool = False
    ) -> "NodeDefinition":
        """See `AbstractNode.on_child_error`."""
        return self.post_process(lambda node: node.on_child_error(error_type, handler, handled=handled))


class SimpleCommandBuilder:
    """Collects commands and what their arguments are, and makes the trees of both."""

    def __init__(self) -> None:
        self._commands: dict[str, Callable[..., Any]] = {}
        self._arguments: dict[str, NodeDefinition] = {}
        self._literals: dict[str, NodeDefinition] = {}
        self._built: list[AbstractNode] | None = None

    def command(self, command: str, callback: Callable[..., Any] | None = None) -> Any:
        """Add a command; without a callback, decorate one."""
        if callback is None:

            def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
                self.command(command, function)
                return function

            return decorate
        self._commands[" ".join(command.split())] = callback
        self.clean_cache()
        return None

    def arg(self, arg_name: str, node_factory: Callable[[str], AbstractNode]) -> NodeDefinition:
        """Say what the argument `<arg_name>` is: a node's class, or what makes a node of the name."""
        self.clean_cache()
        return self._arguments.setdefault(_bare(arg_name), NodeDefinition(node_factory))

    def literal(self, literal_name: str, node_factory: Callable[[str], Literal] | None = None) -> NodeDefinition:
        """Say more of a word: requirements, handlers."""
        self.clean_cache()
        return self._literals.setdefault(literal_name, NodeDefinition(node_factory or Literal))

    def build(self, *, use_cache: bool = True) -> list[AbstractNode]:
        """Return the roots.

        Raises:
            IllegalNodeOperation: an argument was never defined.
        """
        if use_cache and self._built is not None:
            return self._built
        root = AbstractNode()
        self.add_children_for(root)
        self._built = root.get_children()
        return self._built

    def clean_cache(self) -> None:
        """Forget the trees that were built."""
        self._built = None

    def add_children_for(self, parent_node: AbstractNode) -> None:
        """Put the trees below a node."""
        made: dict[tuple[str, ...], AbstractNode] = {(): parent_node}
        for command, callback in self._commands.items():
            path: tuple[str, ...] = ()
            for word in command.split():
                parent, path = made[path], (*path, word)
                if path not in made:
                    made[path] = self._node(word)
                    parent.then(made[path])
            made[path].runs(callback)

    def register(self, server: Any) -> None:
        """Build, and register the roots at a script's server interface.

        Raises:
            IllegalNodeOperation: a root is no word.
        """
        for node in self.build():
            if not isinstance(node, Literal):
                raise IllegalNodeOperation(f"the root of a command is a word, not {node}")
            server.register_command(node)

    def print_tree(self, line_writer: Callable[[str], Any] = print) -> None:
        """Write the trees."""
        for node in self.build():
            node.print_tree(line_writer)

    def _node(self, word: str) -> AbstractNode:
        if word.startswith("<") and word.endswith(">"):
            definition = self._arguments.get(_bare(word))
            if definition is None:
                raise IllegalNodeOperation(f"the argument {word} is not defined")
            return definition.create_node(_bare(word))
        definition = self._literals.get(word)
        return definition.create_node(word) if definition is not None else Literal(word)


def _bare(name: str) -> str:
    return name[1:-1] if name.startswith("<") and name.endswith(">") else name
