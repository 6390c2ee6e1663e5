"""The probe among others: events, services, plugins, the host's own API."""

import json

from jackfield import EventType, Plugin, command, listener

from chat_probe.shapes import Answering, Greeter, Spoken


class Among(Plugin):
    heard: list[str]

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

    @command("probe services fails")
    async def services_fails(self, source, method: str, *words) -> None:
        fickle = await self.context.services.get("fickle")
        arguments = [int(word) if word.isdigit() else word for word in words]
        try:
            await getattr(fickle, method)(*arguments)
        except Exception as error:  # noqa: BLE001  # whatever it is, the test is told
            await source.reply(f"{type(error).__name__}: {error}")
        else:
            await source.reply("it went well")

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

    @command("probe events circle")
    async def events_circle(self, source) -> None:
        self.context.events.on("ping", lambda _: self.context.events.emit("pong"))
        self.context.events.on("pong", lambda _: self.context.events.emit("ping"))
        await self.context.events.emit("ping")
        await source.reply("sent")

    @command("probe services typed")
    async def services_typed(self, source) -> None:
        greeter = await self.context.services.require(Answering)
        answer = await greeter.answer(Spoken("hello", 2))
        await source.reply(f"{type(answer).__name__} {answer.text} {answer.times}")

    def _hear(self, event) -> None:
        self.heard.append(f"{event.name} from {event.plugin}: {json.dumps(dict(event.data))}")
