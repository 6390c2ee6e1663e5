"""Single plugins loaded, unloaded and reloaded by a command of the owner, until the chat stops."""

from __future__ import annotations

import pytest

SHOUT = "from jackfield_chat_api import hookimpl\n\n\ndef on_message_sent(text):\n    return text.upper()\n"


@pytest.mark.feature("J15", "J21", "M24")
async def test_the_owner_loads_unloads_and_reloads_by_commands(serve, tmp_path):
    folder = tmp_path / "scripts"
    folder.mkdir()
    (folder / "shout.py").write_text(SHOUT)
    chat = await serve(scripts=(folder,))
    owner, ada = await chat.person("owner"), await chat.person("ada")
    assert (await ada.say("/plugins unload shout"))["message"] == "Only the owner of the chat changes its plugins."

    done = await owner.say("/plugins unload shout")
    assert done["title"].startswith("shout was unloaded. /plugins load shout brings it back")
    listed = await owner.say("/plugins list")
    assert [line["text"] for line in listed["lines"]] == ["shout 0.0.0, unloaded: it was unloaded by owner"]
    await ada.say("quiet words")
    await owner.hears("quiet words")
    assert "It was unloaded by owner." in (await owner.http.get("/plugins")).text

    assert (await owner.say("/plugins load shout"))["title"] == "shout was loaded."
    await ada.say("loud words")
    await owner.hears("LOUD WORDS")
    assert (await owner.say("/plugins reload shout"))["title"] == "shout 0.0.0 was reloaded."
    assert (await owner.say("/plugins reload"))["title"] == "Everything that was saved since runs now."
    assert (await owner.say("/plugins unload ghost"))["title"] == "No plugin ghost is installed."
    assert "ghost" in (await owner.say("/plugins load ghost"))["message"]
