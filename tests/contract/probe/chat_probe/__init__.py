"""One command for each use of a facet; it answers with what came of it. The same source for every isolation."""

import asyncio
import copy
import json
import logging
import os
import threading
from typing import Annotated

from jackfield import EventType, Plugin, command, listener, new_thread
from jackfield.api import (
    Button,
    Field,
    Form,
    Insert,
    Integer,
    List,
    MenuItem,
    Put,
    Require,
    Text,
    argument,
    literal,
)
from jackfield.errors import WouldBlock, WrongValues

from chat_probe.shapes import Answering, Greeter, Spoken, Wishes


class Probe(Plugin):
    heard: list[str]

    async def on_enable(self) -> None:
        self.heard = []

    @command("probe storage set")
    async def storage_set(self, source, key: str, value: str) -> None:
        await self.context.storage.set(key, json.loads(value))
        await source.reply("kept")

    @command("probe storage get")
    async def storage_get(self, source, key: str) -> None:
        await source.reply(json.dumps(await self.context.storage.get(key, "nothing")))

    @command("probe storage many")
    async def storage_many(self, source, count: int) -> None:
        got = await asyncio.gather(*(self.context.storage.get(f"key{number}", number) for number in range(count)))
        await source.reply(str(sum(got)))

    @command("probe wait")
    async def wait(self, source, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await source.reply("waited")

    @command("probe storage delete")
    async def storage_delete(self, source, key: str) -> None:
        await self.context.storage.delete(key)
        await source.reply("gone")

    @command("probe storage keys")
    async def storage_keys(self, source, prefix: str = "") -> None:
        await source.reply(json.dumps(await self.context.storage.keys(prefix)))

    @property
    def _votes(self):
        return self.context.storage.table("votes", {"room": str, "user": str, "choice": int}, unique=("room", "user"))

    @command("probe table insert")
    async def table_insert(self, source, row: str) -> None:
        await source.reply(json.dumps(await self._votes.insert(json.loads(row))))

    @command("probe table select")
    async def table_select(self, source, where: str = "{}") -> None:
        rows = await self._votes.select(where=json.loads(where), order=("-choice",), limit=10)
        await source.reply(json.dumps([row["user"] for row in rows]))

    @command("probe table update")
    async def table_update(self, source, changes: str) -> None:
        changed = await self._votes.update(json.loads(changes), where={"room": "lobby"})
        await source.reply(json.dumps([changed, await self._votes.count()]))

    @command("probe table delete")
    async def table_delete(self, source) -> None:
        gone = await self._votes.delete()
        await self.context.storage.drop("votes")
        await source.reply(json.dumps(gone))

    @command("probe table again")
    async def table_again(self, source) -> None:
        votes = self._votes
        await votes.insert({"room": "lobby", "user": "ann"})
        await self.context.storage.drop("votes")
        await votes.insert({"room": "lobby", "user": "ann"})
        await source.reply(json.dumps([await votes.count(), await self._votes.count()]))

    @command("probe apply")
    async def apply(self, source, user: str) -> None:
        storage = self.context.storage
        self._votes  # noqa: B018  # declares the table
        done = await storage.apply(
            Require("votes", {"user": user}, most=0), Insert("votes", {"user": user}), Put("last", user)
        )
        await source.reply(json.dumps(done))

    @command("probe resources")
    async def resources(self, source, name: str) -> None:
        told = self.context.resources
        await source.reply(json.dumps([told.read_text(name), len(told.read_bytes(name)), told.names("lang/")]))

    @command("probe say")
    async def say(self, source, key: str, language: str = "") -> None:
        texts = self.context.translations
        await source.reply(texts.text(key, language or await texts.language_of(source.user), user=source.user))

    @command("probe settings get")
    async def settings_get(self, source, key: str) -> None:
        await source.reply(json.dumps(self.context.settings.get(key)))

    @command("probe settings set")
    async def settings_set(self, source, key: str, value: str) -> None:
        self.context.settings.set(key, json.loads(value))
        await source.reply(json.dumps(dict(self.context.settings.all())))

    @command("probe settings typed")
    async def settings_typed(self, source) -> None:
        await source.reply(repr(self.context.settings.typed(Wishes)))

    @command("probe settings untyped")
    async def settings_untyped(self, source) -> None:
        self.context.settings.typed(Spoken)

    @command("probe settings watch")
    async def settings_watch(self, source) -> None:
        self.context.settings.on_change(lambda key, value: self.heard.append(f"{key}={value}"))
        await source.reply("watching")

    @command("probe commands add")
    async def commands_add(self, source, name: str) -> None:
        async def added(source, text: str = "") -> None:
            """Say it back."""
            await source.reply(f"{name} heard {text}")

        self.context.commands.add(name, added)
        await source.reply("added")

    @command("probe commands tree")
    async def commands_tree(self, source, name: str) -> None:
        async def counted(source, number: int) -> None:
            """Count up."""
            await source.reply(f"{name} counted {number + 1}")

        numbers = argument("number", Annotated[int, Integer(1, 9)]).runs(counted)
        self.context.commands.add_tree(literal(name).then(literal("count").then(numbers).requires("helper")))
        await source.reply("added")

    @command("probe events emit")
    async def events_emit(self, source, event: str, data: str = "{}") -> None:
        await self.context.events.emit(event, json.loads(data))
        await source.reply("sent")

    @command("probe events on")
    async def events_on(self, source, event: str) -> None:
        self.context.events.on(event, self._hear)
        await source.reply("listening")

    @command("probe events typed")
    async def events_typed(self, source, event: str) -> None:
        spoken = EventType(event, Spoken)
        self.context.events.on(spoken, lambda event: self.heard.append(f"{event.data.text} {event.data.times}"))
        await source.reply("listening")

    @command("probe events order")
    async def events_order(self, source) -> None:
        for name, priority in (("late", 2000), ("early", 1), ("usual", 1000)):
            self.context.events.on("declared", lambda _, name=name: self.heard.append(name), priority=priority)
        await self.context.events.emit("declared")
        await source.reply("sent")

    @listener("plugin:friend:spoke")
    def friend_spoke(self, event) -> None:
        self.heard.append(f"marked: {event.name}")

    @command("probe heard")
    async def tell_heard(self, source) -> None:
        await source.reply(json.dumps(self.heard))

    @command("probe ui component")
    async def ui_component(self, source, name: str) -> None:
        self.context.ui.add_component(
            name, lambda: List((Text(f"{len(self.heard)} heard"), Button("Press", "press"))), on_action=self._pressed
        )
        await source.reply("shown")

    @command("probe ui broken")
    async def ui_broken(self, source) -> None:
        self.context.ui.add_component("broken", self._cannot_be_drawn)
        await source.reply("shown")

    @command("probe ui form")
    async def ui_form(self, source) -> None:
        fields = (Field("name", "Name", required=True), Field("count", "Count", "integer"))
        self.context.ui.add_component("form", Form(fields, "keep"), on_action=self._kept)
        await source.reply("shown")

    @command("probe ui menu")
    async def ui_menu(self, source) -> None:
        self.context.ui.add_menu_item(MenuItem("item", "An item"), lambda user: self.heard.append(f"chosen by {user}"))
        await source.reply("offered")

    @command("probe scheduler start")
    async def scheduler_start(self, source) -> None:
        self.context.scheduler.start(self._wait_for_ever(), name="waiting")
        await source.reply("started")

    @command("probe scheduler fail")
    async def scheduler_fail(self, source) -> None:
        task = self.context.scheduler.start(self._fail(), name="failing")
        await asyncio.wait({task})
        await source.reply("failed")

    @command("probe scheduler thread")
    async def scheduler_thread(self, source) -> None:
        self.context.scheduler.start_thread(self._work_until_told, name="working")
        await source.reply("started")

    @command("probe scheduler timers")
    async def scheduler_timers(self, source) -> None:
        self.context.scheduler.after(0, self.heard.append, "once")
        self.context.scheduler.every(0.005, self.heard.append, "again")
        await source.reply("started")

    @command("probe running")
    async def running(self, source) -> None:
        tasks = [task.get_name() for task in asyncio.all_tasks()]
        await source.reply(json.dumps([*tasks, *(thread.name for thread in threading.enumerate())]))

    @command("probe process")
    async def process(self, source) -> None:
        await source.reply(str(os.getpid()))

    @command("probe blocking thread")
    async def blocking_thread(self, source, key: str) -> None:
        await source.reply(await self._keep(key))

    @command("probe blocking loop")
    async def blocking_loop(self, source) -> None:
        try:
            await source.reply(self.context.blocking.storage.get("key"))
        except WouldBlock as error:
            await source.reply(str(error))

    @command("probe blocking plain")
    def blocking_plain(self, source, key: str) -> None:
        try:
            self.context.blocking.storage.set(key, "from a plain function")
            self.heard.append(self.context.blocking.storage.get(key))
        except WouldBlock as error:
            self.heard.append(type(error).__name__)

    @command("probe scheduler plain")
    def scheduler_plain(self, source) -> None:
        self.context.scheduler.start(self._note())
        self.context.scheduler.after(0, self.heard.append, "a timer")

    @command("probe services call")
    async def services_call(self, source, service: str, name: str, times: int = 1) -> None:
        greeter = await self.context.services.get(service)
        await source.reply(json.dumps(greeter if greeter is None else await greeter.greet(name, times=times)))

    @command("probe services protocol")
    async def services_protocol(self, source) -> None:
        greeter = await self.context.services.require(Greeter)
        await source.reply(json.dumps(await greeter.greet("you")))

    @command("probe services wrong")
    async def services_wrong(self, source, service: str) -> None:
        greeter = await self.context.services.get(service)
        try:
            await greeter.shout("you")
        except AttributeError as error:
            await source.reply(str(error))

    @command("probe services keep")
    async def services_keep(self, source) -> None:
        self.kept = await self.context.services.get("shouter")
        await source.reply("kept")

    @command("probe services use")
    async def services_use(self, source) -> None:
        await source.reply(json.dumps(await self.kept.greet("you")))

    @command("probe services provide")
    async def services_provide(self, source) -> None:
        self.context.services.provide("undeclared", self)
        await source.reply("offered")

    @command("probe files write")
    async def files_write(self, source, path: str, text: str) -> None:
        await self.context.files.write_text(path, text)
        await source.reply("written")

    @command("probe files read")
    async def files_read(self, source, path: str) -> None:
        await source.reply(await self.context.files.read_text(path))

    @command("probe files missing")
    async def files_missing(self, source, path: str) -> None:
        try:
            await self.context.files.read_text(path)
        except FileNotFoundError as error:
            await source.reply(json.dumps([error.errno, error.strerror, error.filename]))

    @command("probe files stat")
    async def files_stat(self, source, path: str) -> None:
        entry = await self.context.files.stat(path)
        await source.reply(json.dumps(entry and [entry.name, entry.kind, entry.size]))

    @command("probe files list")
    async def files_list(self, source, path: str) -> None:
        await source.reply(json.dumps([entry.name for entry in await self.context.files.list(path)]))

    @command("probe files parts")
    async def files_parts(self, source, path: str) -> None:
        async with await self.context.files.open(path) as file:
            await source.reply(json.dumps([(await file.read(4)).decode(), (await file.read()).decode()]))

    @command("probe environment")
    async def environment(self, source, name: str) -> None:
        await source.reply(json.dumps(self.context.environment.get(name)))

    @command("probe http get")
    async def http_get(self, source, url: str) -> None:
        answer = await self.context.http.get(url)
        await source.reply(json.dumps([answer.status, answer.text]))

    @command("probe http post")
    async def http_post(self, source, url: str) -> None:
        answer = await self.context.http.post(url, json={"from": self.context.plugin_id})
        await source.reply(json.dumps([answer.status, answer.json()]))

    @command("probe network")
    async def network(self, source, host: str, port: int) -> None:
        connection = await self.context.network.connect(host, port, timeout_seconds=5)
        reader, writer = await asyncio.open_connection(sock=connection)
        writer.write(b"hello\n")
        await source.reply(json.dumps((await reader.readline()).decode()))
        writer.close()

    @command("probe access")
    async def access(self, source, name: str) -> None:
        await source.reply(str(getattr(self.context, name)))

    @command("probe copies")
    async def copies(self, source) -> None:
        await source.reply(copy.copy(self.context).plugin_id)

    @command("probe plugins list")
    async def plugins_list(self, source) -> None:
        await source.reply(" ".join(info.id for info in await self.context.plugins.list()))

    @command("probe plugins status")
    async def plugins_status(self, source, plugin: str) -> None:
        info = await self.context.plugins.status(plugin)
        await source.reply(f"{info.id} {info.version} {info.state}")

    @command("probe plugins unload")
    async def plugins_unload(self, source, plugin: str) -> None:
        await source.reply(str(await self.context.plugins.unload(plugin)))

    @command("probe plugins leave")
    async def plugins_leave(self, source) -> None:
        await self.context.plugins.unload_self()
        await source.reply("leaving")

    @command("probe plugins wait")
    async def plugins_wait(self, source, plugin: str) -> None:
        try:
            await source.reply((await self.context.plugins.wait_for(plugin, timeout_seconds=0.05)).state)
        except TimeoutError:
            await source.reply("not in time")

    @command("probe plugins load")
    async def plugins_load(self, source, plugin: str) -> None:
        await source.reply((await self.context.plugins.load(plugin)).state)

    @command("probe api send")
    async def api_send(self, source, text: str) -> None:
        message = await self.context.api.messages.send("lobby", text)
        await source.reply(f"sent {message.text} in {message.sent_at.year}")

    @command("probe api recent")
    async def api_recent(self, source) -> None:
        messages = await self.context.api.messages.recent("lobby", limit=2)
        await source.reply(json.dumps([[type(one).__name__, one.text] for one in messages]))

    @command("probe log")
    async def log(self, source) -> None:
        def line() -> str:
            self.heard.append("a line was made")
            return "a line"

        self.context.logger.debug(line, extra={"room": "lobby"})
        await source.reply(str(self.context.logger.isEnabledFor(logging.DEBUG)))

    @command("probe events circle")
    async def events_circle(self, source) -> None:
        self.context.events.on("ping", lambda _: self.context.events.emit("pong"))
        self.context.events.on("pong", lambda _: self.context.events.emit("ping"))
        await self.context.events.emit("ping")
        await source.reply("sent")

    @command("probe later")
    async def later(self, source) -> None:
        self.context.scheduler.after(0.02, source.reply, "later")
        await source.reply("soon")

    @command("probe storage large")
    async def storage_large(self, source, size: int) -> None:
        await self.context.storage.set("large", "x" * size)
        await source.reply(str(len(await self.context.storage.get("large"))))

    @command("probe files large")
    async def files_large(self, source, path: str, size: int) -> None:
        await self.context.files.write_bytes(path, b"x" * size)
        await source.reply(str(len(await self.context.files.read_bytes(path))))

    @command("probe http large")
    async def http_large(self, source, url: str, size: int) -> None:
        answer = await self.context.http.post(url, data=b"x" * size)
        await source.reply(str(len(answer.body)))

    @command("probe services typed")
    async def services_typed(self, source) -> None:
        greeter = await self.context.services.require(Answering)
        answer = await greeter.answer(Spoken("hello", 2))
        await source.reply(f"{type(answer).__name__} {answer.text} {answer.times}")

    @command("probe folders")
    async def folders(self, source) -> None:
        (self.context.data_dir / "file").write_text("data")
        (self.context.config_dir / "file").write_text("configuration")
        self.context.logger.warning("folders were used")
        await source.reply(self.context.plugin_id)

    @new_thread
    def _keep(self, key: str) -> str:
        self.context.blocking.storage.set(key, "from a thread")
        return self.context.blocking.storage.get(key)

    async def _note(self) -> None:
        self.heard.append("a task")

    def _work_until_told(self, stopping) -> None:
        stopping.wait(10)

    def _hear(self, event) -> None:
        self.heard.append(f"{event.name} from {event.plugin}: {json.dumps(dict(event.data))}")

    def _pressed(self, action: str, values, user: str) -> None:
        self.heard.append(f"{action} by {user}: {json.dumps(dict(values))}")

    def _kept(self, action: str, values, user: str) -> None:
        if values["count"] == 13:
            raise WrongValues({"count": "brings bad luck"})
        self._pressed(action, values, user)

    def _cannot_be_drawn(self) -> None:
        raise ValueError("no paint")

    async def _wait_for_ever(self) -> None:
        await asyncio.Event().wait()

    async def _fail(self) -> None:
        raise ValueError("the task fails")
