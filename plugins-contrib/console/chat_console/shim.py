"""The names that scripts import: `mcdreforged.api.all` and its siblings, there while the console is enabled.

The modules are made of this table; their content is the console's own. Scripts of the first versions import
`utils.rtext`; that is served where nothing else is called `utils`.
"""

import importlib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

ROOT = "mcdreforged"
OLD_ROOT = "utils"

_COMMAND = {
    "nodes": ("AbstractNode", "ArgumentNode", "Literal", "CountingLiteral", "CommandContext", "ParseResult"),
    "arguments": (
        "Number", "NumberNode", "Integer", "Float", "Text", "TextNode", "QuotableText", "GreedyText", "Boolean",
        "Enumeration", "Requirements", "reading:command_builder_utils", "reading:command_builder_util",
    ),
    "builder": ("SimpleCommandBuilder", "NodeDefinition"),
    "command_errors": (
        "CommandErrorBase", "IllegalNodeOperation", "CommandError", "UnknownCommand", "UnknownArgument",
        "UnknownRootArgument", "RequirementNotMet", "CommandSyntaxError", "IllegalArgument", "LiteralNotMatch",
        "AbstractOutOfRange", "NumberOutOfRange", "InvalidNumber", "InvalidInteger", "InvalidFloat",
        "TextLengthOutOfRange", "IllegalEscapesUsage", "UnclosedQuotedString", "EmptyText", "InvalidBoolean",
        "InvalidEnumeration",
    ),
}  # fmt: skip
_RTEXT = {
    "styles": (
        "RColor", "RColorRGB", "RColorClassic", "RStyle", "RStyleClassic", "RClickAction", "RAction", "RClickEvent",
        "RClickSuggestCommand", "RClickRunCommand", "RClickOpenUrl", "RClickOpenFile", "RClickCopyToClipboard",
        "RHoverAction", "RHoverEvent", "RHoverText", "RHoverEntity", "RHoverItem",
    ),
    "rtext": ("RTextBase", "RText", "RTextTranslation", "RTextList", "RTextMCDRTranslation", "RTextJsonFormat"),
}  # fmt: skip
_TYPES = {
    "interface": ("ServerInterface",),
    "plugin_interface": ("PluginServerInterface",),
    "info": ("Info", "InfoSource", "InfoActionFlag", "InfoFilter"),
    "querying": ("ServerInformation",),
    "sources": (
        "CommandSource", "InfoCommandSource", "PlayerCommandSource", "ConsoleCommandSource", "PluginCommandSource",
    ),
    "metadata": ("Metadata", "Version", "VersionRequirement", "VersionParsingError", "PluginType"),
    "levels": ("PermissionLevel",),
    "translations": ("PreferenceItem",),
    "dialects": ("Dialect:ServerHandler",),
    "loggers": ("MCDReforgedLogger", "SyncStdoutStreamHandler"),
}  # fmt: skip
_INTERFACE = {one: _TYPES[one] for one in ("interface", "plugin_interface")}
_DECORATOR = {"decorators": ("new_thread", "FunctionThread", "event_listener", "spam_proof")}
_EVENT = {"script_events": ("PluginEvent", "LiteralEvent", "MCDREvent:MCDREvent", "MCDRPluginEvents")}
_UTILS = {"serializing": ("Serializable", "serialize", "deserialize")}
_EXCEPTION = {"states": ("IllegalCallError", "IllegalStateError")}
_RCON = {"rcon": ("RconConnection",)}

_ALL: Mapping[str, Sequence[str]] = {
    **_COMMAND, **_RTEXT, **_TYPES, **_DECORATOR, **_EVENT, **_UTILS, **_EXCEPTION, **_RCON,
}  # fmt: skip

MODULES: Mapping[str, Mapping[str, Sequence[str]]] = {
    ROOT: _ALL,
    f"{ROOT}.api": {},
    f"{ROOT}.api.all": _ALL,
    f"{ROOT}.api.command": _COMMAND,
    f"{ROOT}.api.rtext": _RTEXT,
    f"{ROOT}.api.types": _TYPES,
    f"{ROOT}.api.decorator": _DECORATOR,
    f"{ROOT}.api.event": _EVENT,
    f"{ROOT}.api.utils": _UTILS,
    f"{ROOT}.api.utils.serializer": _UTILS,
    f"{ROOT}.api.exception": _EXCEPTION,
    f"{ROOT}.api.rcon": _RCON,
    # Where earlier versions kept the same names, and scripts still look for them.
    f"{ROOT}.command": {},
    f"{ROOT}.command.command_source": {"sources": _TYPES["sources"]},
    f"{ROOT}.info": {"info": _TYPES["info"]},
    f"{ROOT}.info_reactor": {},
    f"{ROOT}.info_reactor.info": {"info": _TYPES["info"]},
    f"{ROOT}.minecraft": {},
    f"{ROOT}.minecraft.rtext": _RTEXT,
    f"{ROOT}.minecraft.rtext.text": _RTEXT,
    f"{ROOT}.minecraft.rtext.style": _RTEXT,
    f"{ROOT}.permission": {},
    f"{ROOT}.permission.permission_level": {"levels": _TYPES["levels"]},
    f"{ROOT}.plugin": {},
    f"{ROOT}.plugin.meta": {},
    f"{ROOT}.plugin.meta.metadata": {"metadata": ("Metadata",)},
    f"{ROOT}.plugin.meta.version": {"metadata": ("Version", "VersionRequirement", "VersionParsingError")},
    f"{ROOT}.plugin.plugin_event": _EVENT,
    f"{ROOT}.plugin.server_interface": _INTERFACE,
    f"{ROOT}.plugin.si": {},
    f"{ROOT}.plugin.si.server_interface": _INTERFACE,
    f"{ROOT}.plugin.si.plugin_server_interface": _INTERFACE,
    f"{ROOT}.utils": {},
    f"{ROOT}.utils.serializer": _UTILS,
    f"{ROOT}.translation": {},
    f"{ROOT}.translation.translation_text": {"rtext": ("RTextMCDRTranslation",)},
    OLD_ROOT: {},
    f"{OLD_ROOT}.rtext": _RTEXT,
}


class ShimFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Makes the modules of the table when they are imported; `install` and `remove` frame the console's time."""

    def __init__(self) -> None:
        self._made: dict[str, ModuleType] = {}
        self._old = False

    def install(self) -> None:
        """Begin; a module that is really installed under one of the names stays what it is for the application."""
        self._old = OLD_ROOT not in sys.modules and importlib.machinery.PathFinder.find_spec(OLD_ROOT) is None
        if ROOT not in sys.modules:
            sys.meta_path.insert(0, self)

    def remove(self) -> None:
        """End: nothing of it can be imported any more."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        for name, module in self._made.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]
        self._made.clear()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Answer for the names of the table."""
        if fullname not in MODULES or (fullname.partition(".")[0] == OLD_ROOT and not self._old):
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        """Leave it to the import system."""
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Fill a module with what the table says."""
        module.__doc__ = "Made by the console for its scripts."
        names: dict[str, Any] = {}
        for home, listed in MODULES[module.__name__].items():
            source = importlib.import_module(f"chat_console.{home}")
            for entry in listed:
                found, _, known = entry.partition(":")
                names[known or found] = getattr(source, found)
        vars(module).update(names)
        module.__all__ = sorted(names)  # type: ignore[attr-defined]  # what `import *` takes
        self._made[module.__name__] = module
