"""Members say in which language plugins write to them; until they do, their browser does."""

from typing import TYPE_CHECKING

import pytest
from jackfield_chat.accounts import Accounts
from jackfield_chat.db import Database

if TYPE_CHECKING:
    from tests.core.chat.conftest import RunningChat


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", "de-AT"),
        ("en;q=0.5, fr", "fr"),
        ("*, de;q=0.3", "de"),
        ("de;q=nonsense, en;q=0.1", "en"),
        ("", None),
        ("<script>", None),
        ("de;q=0", None),
    ],
)
def test_the_browsers_first_wish_counts(tmp_path, header, language) -> None:
    database = Database(tmp_path / "chat.sqlite3")
    languages = Accounts(database).languages
    languages.hear("Ada", header)
    assert languages.of("ada") == language
    database.close()


@pytest.mark.slow
@pytest.mark.feature("U14")
async def test_a_members_own_word_is_kept_and_can_be_taken_back(chat: "RunningChat") -> None:
    ada = await chat.person("ada")
    await ada.http.get("/rooms/lobby", headers={"accept-language": "fr"})
    assert (await ada.say("/language"))["title"] == (
        "Plugins write to you in fr where they can, as your browser asks for"
    )
    assert (await ada.say("/language de-AT"))["title"] == "Plugins write to you in de-AT where they can, as you chose"
    await ada.http.get("/rooms/lobby", headers={"accept-language": "fr"})
    application = chat.app.state.chat.bridge.application
    assert chat.app.state.chat.accounts.languages.of("ada") == "de-AT"
    assert application is not None
    assert "is no language" in (await ada.say("/language <b>"))["message"]
    await ada.say("/language browser")
    assert chat.app.state.chat.accounts.languages.of("ada") == "fr"
