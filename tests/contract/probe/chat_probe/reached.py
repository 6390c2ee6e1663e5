"""What the probe reaches beyond itself: files, environment, other computers, its folders."""

import asyncio
import copy
import json

from jackfield import Plugin, command


class Reaching(Plugin):
    heard: list[str]

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

    @command("probe files large")
    async def files_large(self, source, path: str, size: int) -> None:
        await self.context.files.write_bytes(path, b"x" * size)
        await source.reply(str(len(await self.context.files.read_bytes(path))))

    @command("probe http large")
    async def http_large(self, source, url: str, size: int) -> None:
        answer = await self.context.http.post(url, data=b"x" * size)
        await source.reply(str(len(answer.body)))

    @command("probe http json")
    async def http_json(self, source, url: str, size: int, kind: str = "") -> None:
        headers = {"Content-Type": kind} if kind else {}
        answer = await self.context.http.post(url, json={"all": ["x" * size, 2**70, ("a", None)]}, headers=headers)
        await source.reply(str(answer.status))

    @command("probe folders")
    async def folders(self, source) -> None:
        (self.context.data_dir / "file").write_text("data")
        (self.context.config_dir / "file").write_text("configuration")
        self.context.logger.warning("folders were used")
        await source.reply(self.context.plugin_id)
