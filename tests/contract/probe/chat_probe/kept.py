"""What the probe keeps and carries: storage, tables, settings, files of its package and texts."""

import asyncio
import json

from jackfield import Plugin, command
from jackfield.api import Insert, Put, Require

from chat_probe.shapes import Spoken, Wishes


class Keeping(Plugin):
    heard: list[str]

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
        resources = self.context.resources
        sizes = [resources.read_text(name), len(resources.read_bytes(name)), resources.names("lang/")]
        await source.reply(json.dumps(sizes))

    @command("probe say")
    async def say(self, source, key: str, language: str = "") -> None:
        translations = self.context.translations
        language = language or await translations.language_of(source.user)
        await source.reply(translations.text(key, language, user=source.user))

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

    @command("probe storage large")
    async def storage_large(self, source, size: int) -> None:
        await self.context.storage.set("large", "x" * size)
        await source.reply(str(len(await self.context.storage.get("large"))))
