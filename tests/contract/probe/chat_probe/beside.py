"""What the probe uses beside: the smaller methods of facets, and of what these return."""

import json

from jackfield import Plugin, command


class Beside(Plugin):
    @command("probe files tree")
    async def files_tree(self, source, folder: str) -> None:
        files = self.context.files
        await files.make_folder(f"{folder}/a")
        await files.make_folder(f"{folder}/a")
        await files.write_bytes(f"{folder}/a/one", b"0123456789")
        async with await files.open(f"{folder}/a/one", "r+b") as file:
            await file.seek(4)
            await file.write(b"xx")
            await file.seek(0)
            content = await file.read()
            file.close()
        await files.move(f"{folder}/a/one", f"{folder}/two")
        left = [entry.name for entry in await files.list(f"{folder}/a")]
        await files.delete(f"{folder}/a")
        await source.reply(json.dumps([content.decode(), left, [entry.name for entry in await files.list(folder)]]))

    @command("probe http request")
    async def http_request(self, source, url: str) -> None:
        answer = await self.context.http.request("PUT", url, params={"q": "a b"}, data="text", redirects=0)
        await source.reply(json.dumps([answer.status, answer.ok, answer.headers["x-kept"]]))

    @command("probe scheduler result")
    async def scheduler_result(self, source) -> None:
        scheduler = self.context.scheduler
        thread = scheduler.start_thread(lambda number: number * 2, 4, name="doubling")
        told = [await thread, await thread.result(), thread.name, thread.alive, scheduler.stopping.is_set()]
        thread.close()
        await source.reply(json.dumps(told))

    @command("probe table name")
    async def table_name(self, source) -> None:
        votes = self.context.storage.table("votes", {"room": str, "user": str, "choice": int}, unique=("room", "user"))
        await source.reply(votes.name)

    @command("probe ui refresh")
    async def ui_refresh(self, source, name: str) -> None:
        self.context.ui.refresh(name)
        await source.reply("told")

    @command("probe may")
    async def may(self, source, permission: str) -> None:
        await source.reply(json.dumps([source.may(permission), source.user, source.room, source.level.label]))

    @command("probe languages")
    async def languages(self, source) -> None:
        await source.reply(json.dumps(list(self.context.translations.languages())))

    @command("probe plugins manage")
    async def plugins_manage(self, source, plugin: str) -> None:
        plugins = self.context.plugins
        off = await plugins.disable(plugin)
        on = await plugins.enable(plugin)
        await source.reply(" ".join([off.state, str(off.enabled), str(on.enabled)]))

    @command("probe plugins reload")
    async def plugins_reload(self, source, plugin: str) -> None:
        await source.reply((await self.context.plugins.reload(plugin)).state)
