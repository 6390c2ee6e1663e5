"""A marketplace has one address, however it is spelled."""

from __future__ import annotations

import pytest
from jackfield.errors import MarketError, UsageError
from jackfield.market import Marketplace, plain_address

pytestmark = pytest.mark.feature("C36")


@pytest.mark.parametrize(
    ("spelled", "plain"),
    [
        ("https://plugins.example.org", "https://plugins.example.org"),
        ("HTTPS://Plugins.Example.ORG/", "https://plugins.example.org"),
        ("https://plugins.example.org:443//", "https://plugins.example.org"),
        ("http://plugins.example.org:80", "http://plugins.example.org"),
        ("https://plugins.example.org:80", "https://plugins.example.org:80"),
        ("https://me:secret@plugins.example.org:8443/Shop/", "https://plugins.example.org:8443/Shop"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
        (f"https://Plugins.example.org/#root={'a' * 32}", "https://plugins.example.org"),
    ],
)
async def test_every_spelling_is_the_same_marketplace(spelled, plain):
    assert plain_address(spelled) == plain
    async with Marketplace(spelled) as market:
        assert market.url == plain


def test_what_is_no_address_is_named():
    with pytest.raises(UsageError, match="is no address of a marketplace"):
        plain_address("https://plugins.example.org:port")
    with pytest.raises(MarketError, match="is no address of a marketplace"):
        Marketplace("https://plugins.example.org:port")
