"""`!!help` and `!!MCDR`: what everyone finds in a console of this kind (M3, M44)."""

import threading
from pathlib import Path
from typing import Any

from chat_console.arguments import GreedyText, Integer, Requirements, Text
from chat_console.levels import PermissionLevel
from chat_console.nodes import AbstractNode, CommandContext, Literal
from chat_console.rtext import RText, RTextList
from chat_console.sources import CommandSource
from chat_console.styles import RColor

OWNER = "the console"


def register_standard(engine: Any) -> None:
    """Add the commands to a console."""
    standard = _Standard(engine)
    helping = Literal("!!help").runs(standard.help).then(Integer("page").at_min(1).runs(standard.help))
    engine.commands.register(helping, OWNER)
    engine.add_help("!!help [page]", "Commands and what they do", PermissionLevel.MINIMUM_LEVEL, OWNER)
    engine.commands.register(standard.tree(), OWNER)
    engine.add_help("!!MCDR", "Scripts and the server", PermissionLevel.ADMIN, OWNER)


class _Standard:
    def __init__(self, engine: Any) -> None:
        self._engine = engine

    def tree(self) -> Literal:
        root = Literal("!!MCDR").requires(Requirements.has_permission(PermissionLevel.ADMIN)).runs(self.status)
        root.then(Literal("status").runs(self.status))
        reload = Literal({"reload", "r"})
        reload.then(Literal({"plugin", "plg"}).runs(self.refresh))
        reload.then(Literal({"permission", "perm"}).runs(self.levels))
        root.then(reload)
        server = Literal("server")
        for word in ("start", "stop", "restart", "kill"):
            server.then(Literal(word).runs(self._server(word)))
        root.then(server)
        plugins = Literal({"plugin", "plg"}).runs(self.list).then(Literal("list").runs(self.list))
        plugins.then(Literal({"reloadall", "ra"}).runs(self.refresh_all))
        for word, run in (
            ("info", self.info),
            ("reload", self.reload),
            ("unload", self.unload),
            ("disable", self.disable),
        ):
            plugins.then(Literal(word).then(self._id().runs(run)))
        plugins.then(Literal("load").then(GreedyText("file").runs(self.load)))
        plugins.then(Literal("enable").then(GreedyText("file").runs(self.enable)))
        root.then(plugins)
        return root  # type: ignore[return-value]  # runs and then return what they are called on

    def _id(self) -> AbstractNode:
        return Text("id").suggests(self._engine.server.get_plugin_list)

    def help(self, source: CommandSource, context: CommandContext) -> None:
        engine = self._engine
        source.reply(engine.commands.help(source, context.get("page", 1), engine.translations.of))

    def status(self, source: CommandSource) -> None:
        engine = self._engine
        runs = "ready" if engine.started else "running" if engine.process.runs else "not running"
        source.reply(f"the server is {runs}; {len(engine.players)} players, {len(engine.scripts.loaded)} scripts")

    def list(self, source: CommandSource) -> None:
        scripts = self._engine.scripts
        made = RTextList(f"{len(scripts.loaded)} scripts run")
        for script in scripts.loaded.values():
            told = f" (failed {script.errors} times)" if script.errors else ""
            problem = f": {script.problem}" if script.problem else ""
            made.append("\n", RText(f"{script.id} {script.candidate.version}", RColor.green), told, problem)
        for script in scripts.failed.values():
            made.append("\n", RText(f"{script.id} {script.candidate.version}", RColor.red), f": {script.problem}")
        for sentence in scripts.shadowed:
            made.append("\n", RText(sentence, RColor.red))
        source.reply(made)

    def info(self, source: CommandSource, context: CommandContext) -> None:
        script = self._engine.scripts.find(context["id"])
        if script is None:
            source.reply(f"no script {context['id']} runs")
            return
        said = script.metadata
        lines = [f"{said.name} ({said.id}) {said.version}", said.description or "", str(script.candidate.file)]
        lines += [f"by {', '.join(said.author)}" if said.author else "", said.link or "", script.traceback]
        source.reply("\n".join(filter(None, lines)))

    def refresh(self, source: CommandSource) -> None:
        done = self._engine.executor.run(self._engine.scripts.refreshing)
        source.reply("every script runs" if done else "some scripts do not run: !!MCDR plugin list")

    def refresh_all(self, source: CommandSource) -> None:
        done = self._engine.executor.run(lambda: self._engine.scripts.refreshing(everything=True))
        source.reply("every script was exchanged" if done else "some scripts do not run: !!MCDR plugin list")

    def reload(self, source: CommandSource, context: CommandContext) -> None:
        self._answer(source, context["id"], "exchanged", self._engine.server.reload_plugin(context["id"]))

    def unload(self, source: CommandSource, context: CommandContext) -> None:
        self._answer(source, context["id"], "unloaded", self._engine.server.unload_plugin(context["id"]))

    def disable(self, source: CommandSource, context: CommandContext) -> None:
        self._answer(source, context["id"], "disabled", self._engine.server.disable_plugin(context["id"]))

    def load(self, source: CommandSource, context: CommandContext) -> None:
        self._answer(source, context["file"], "loaded", self._engine.server.load_plugin(context["file"]))

    def enable(self, source: CommandSource, context: CommandContext) -> None:
        server = self._engine.server
        file = next((one for one in server.get_disabled_plugin_list() if Path(one).name == context["file"]), None)
        self._answer(source, context["file"], "enabled", server.enable_plugin(file) if file is not None else None)

    def levels(self, source: CommandSource) -> None:
        self._engine.levels.load()
        source.reply("the levels were read")

    def _server(self, word: str) -> Any:
        def run(source: CommandSource) -> None:
            # Not on the scripts' thread: a restart waits, and scripts must hear of the server's end meanwhile.
            threading.Thread(target=getattr(self._engine.server, word), name=f"console: {word}", daemon=True).start()
            source.reply(f"{word}: on its way")

        return run

    def _answer(self, source: CommandSource, what: str, done: str, outcome: bool | None) -> None:
        if outcome is None:
            source.reply(f"there is no script {what}")
        else:
            source.reply(f"{what} is {done}" if outcome else f"{what} is not {done}: !!MCDR plugin list")
