"""Which marketplaces are asked, and in which order."""

import pytest
from jackfield.cli.marketplaces import marketplace_urls
from jackfield.errors import UsageError


def test_nothing_is_configured_at_first(tmp_path):
    assert marketplace_urls({"JACKFIELD_HOME": str(tmp_path)}, "chat") == ()


@pytest.mark.feature("K40")
@pytest.mark.parametrize("between", [" ", "  ", ",", ", ", " , ", ",,", "\n"])
def test_the_environment_names_them_in_order(tmp_path, between):
    addresses = f"https://a.example{between}http://b.example:8080/m"
    environ = {"JACKFIELD_HOME": str(tmp_path), "JACKFIELD_MARKETPLACE": addresses}
    assert marketplace_urls(environ, "chat") == ("https://a.example", "http://b.example:8080/m")


def test_the_file_names_them_for_all_and_for_one_application(tmp_path):
    (tmp_path / "config.toml").write_text(
        'marketplaces = ["https://a.example"]\n[apps.irc]\nmarketplaces = ["https://irc.example"]\n'
    )
    environ = {"JACKFIELD_HOME": str(tmp_path)}
    assert marketplace_urls(environ, "chat") == ("https://a.example",)
    assert marketplace_urls(environ, "irc") == ("https://irc.example",)
    assert marketplace_urls({**environ, "JACKFIELD_MARKETPLACE": "https://b.example"}, "irc") == ("https://b.example",)


@pytest.mark.parametrize(
    "text",
    [
        "marketplaces = 3",
        "marketplaces = [3]",
        'marketplaces = ["ftp://x"]',
        "= broken",
        "apps = 3",
        "[apps]\nchat=3",
        "# \xe9",
        "a=" + "9" * 5000,
        "a=" + "[" * 5000,
    ],
)
def test_a_broken_file_is_named(tmp_path, text):
    (tmp_path / "config.toml").write_text(text, encoding="latin-1")
    with pytest.raises(UsageError, match=r"config\.toml"):
        marketplace_urls({"JACKFIELD_HOME": str(tmp_path)}, "chat")


def test_an_address_of_no_marketplace_is_refused():
    with pytest.raises(UsageError, match="is not the address of a marketplace"):
        marketplace_urls({"JACKFIELD_MARKETPLACE": "example.org"}, "chat")
