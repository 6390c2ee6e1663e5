"""Hosts and paths: the facets that limit a permission."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.errors import ManifestError
from jackfield.permissions.targets import check_host, check_path, host_covers, path_covers

labels = st.sampled_from(["a", "b", "example", "org", "xn--caf-dma"])
names = st.lists(labels, min_size=1, max_size=3).map(".".join)
ports = st.sampled_from(["443", "80", "*"])
hosts = st.builds(
    "{}{}:{}".format, st.sampled_from(["", "*."]), names, ports
) | ports.map("*:{}".format)  # fmt: skip
paths = st.lists(st.sampled_from(["a", "b", "data"]), max_size=3).flatmap(
    lambda parts: st.sampled_from(["/" + "/".join(parts), "~/" + "/".join(parts), "/" + "//".join(parts) + "/."])
)


@pytest.mark.feature("C4")
@pytest.mark.parametrize(
    "text",
    [
        "api.example.org:443", "*.example.org:443", "localhost:*", "*:443", "*:*", "127.0.0.1:8080", "[::1]:443",
        "[2001:DB8::1]:65535", "xn--caf-dma.example:80", "_service.example.org:53", "API.Example.ORG:443",
    ],
)  # fmt: skip
def test_hosts_are_names_or_addresses_with_a_port(text: str) -> None:
    assert check_host(text, "hosts[0]") == text


@pytest.mark.feature("C4")
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("api.example.org", "write api.example.org:443"),
        ("https://api.example.org", "is a URL"),
        ("api.example.org:0", "no host with a port"),
        ("api.example.org:65536", "no host with a port"),
        ("api.example.org:https", "no host with a port"),
        ("*example.org:443", "no host with a port"),
        ("a.*.org:443", "no host with a port"),
        ("*.0.0.1:80", "no host with a port"),
        ("*.1:80", "no host with a port"),
        ("café.example:443", "no host with a port"),
        ("a b:443", "no host with a port"),
        ("-a.org:443", "no host with a port"),
        (".example.org:443", "no host with a port"),
        ("a..b:443", "no host with a port"),
        ("user@example.org:443", "no host with a port"),
        ("example.org/x:443", "no host with a port"),
        ("::1:443", "no host with a port"),
        ("", "no host with a port"),
        (":443", "no host with a port"),
        ("a." * 130 + "a:443", "no host with a port"),
        ("a:443\n", "no host with a port"),
    ],
)
def test_anything_else_is_no_host(text: str, sentence: str) -> None:
    with pytest.raises(ManifestError, match=sentence) as caught:
        check_host(text, "permissions[0].hosts[0]")
    assert caught.value.message.startswith("permissions[0].hosts[0]: ")


@pytest.mark.feature("C4", "C28")
@pytest.mark.parametrize(
    ("granted", "wanted", "covered"),
    [
        ("api.example.org:443", "api.example.org:443", True),
        ("api.example.org:443", "API.example.org.:443", True),
        ("api.example.org:443", "api.example.org:80", False),
        ("api.example.org:443", "api.example.org", False),
        ("api.example.org:*", "api.example.org:80", True),
        ("*.example.org:443", "api.example.org:443", True),
        ("*.example.org:443", "a.b.example.org:443", True),
        ("*.example.org:443", "example.org:443", False),
        ("*.example.org:443", "badexample.org:443", False),
        ("*.example.org:443", "example.org.evil.net:443", False),
        ("*.example.org:443", "evil.net/.example.org:443", False),
        ("*.example.org:443", "evil.net#.example.org:443", False),
        ("*.example.org:443", "evil.net\x00.example.org:443", False),
        ("*.example.org:443", "user@a.example.org:443", False),
        ("*.example.org:443", ".example.org:443", False),
        ("*.example.org:443", "*.example.org:443", True),
        ("*.example.org:443", "*.api.example.org:443", True),
        ("*.api.example.org:443", "*.example.org:443", False),
        ("*.example.org:443", "*:443", False),
        ("*:443", "*.example.org:443", True),
        ("*:443", "*.example.org:*", False),
        ("*:*", "10.0.0.1:22", True),
        ("127.0.0.1:80", "127.0.0.1:80", True),
        ("[::1]:443", "[::1]:443", True),
        ("[::1]:443", "[::2]:443", False),
        ("k.example:443", "\u212a.example:443", False),
    ],
)
def test_a_host_is_covered_or_not(granted: str, wanted: str, covered: bool) -> None:
    assert host_covers(granted, wanted) is covered


@pytest.mark.feature("C4")
@pytest.mark.parametrize("text", ["/data", "/", "~", "~/Music", "C:\\Users\\me", "c:/data", "/a b/ü"])
def test_paths_are_absolute_or_of_the_user(text: str) -> None:
    assert check_path(text, "paths[0]") == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "data",
        "./data",
        "/data/../etc",
        "~root/x",
        "/a\x00b",
        "/a\x1b[2J",
        "/a\n/b",
        "/a\u202eb",
        "/" + "a" * 5000,
        "\\\\server\\x",
        "/a\\b",
        "C:data",
        "C:\\a\\..\\b",
    ],
)
def test_anything_else_is_no_path(text: str) -> None:
    with pytest.raises(ManifestError, match=r"permissions\[0\]\.paths\[1\]: "):
        check_path(text, "permissions[0].paths[1]")


@pytest.mark.parametrize(
    ("granted", "wanted", "covered"),
    [
        ("/data", "/data", True),
        ("/data", "/data/", True),
        ("/data/", "/data/a/b", True),
        ("/data", "/data//./a", True),
        ("/data", "/database", False),
        ("/data", "/data/../etc", False),
        ("/data", "/data\\..\\etc", False),
        ("/data", "/dat", False),
        ("/data", "data", False),
        ("/data", "/data/a\x00", False),
        ("/", "/etc/passwd", True),
        ("/", "etc", False),
        ("/", "~/x", False),
        ("~", "~/x", True),
        ("~/Music", "~/Music/a.ogg", True),
        ("~/Music", "/Music/a.ogg", False),
        ("C:\\data", "C:/data/x", True),
        ("C:/data", "C:\\data\\..\\x", False),
        ("C:/data", "D:/data/x", False),
    ],
)
def test_a_path_is_covered_or_not(granted: str, wanted: str, covered: bool) -> None:
    assert path_covers(granted, wanted) is covered


@given(hosts, hosts, hosts)
def test_covering_hosts_is_reflexive_and_transitive(one: str, two: str, three: str) -> None:
    assert host_covers(one, one)
    if host_covers(one, two) and host_covers(two, three):
        assert host_covers(one, three)


@given(paths, paths, paths)
def test_covering_paths_is_reflexive_and_transitive(one: str, two: str, three: str) -> None:
    assert path_covers(one, one)
    if path_covers(one, two) and path_covers(two, three):
        assert path_covers(one, three)


@given(st.text(max_size=40), st.sampled_from([check_host, check_path]))
def test_no_text_crashes_the_checks(text: str, check: object) -> None:
    assert callable(check)
    try:
        assert check(text, "here") == text
    except ManifestError as error:
        caught = error.message
    else:
        caught = "here: "
    assert caught.startswith("here: ")


@given(hosts, st.text(max_size=40))
def test_no_target_crashes_a_host(granted: str, target: str) -> None:
    assert host_covers(granted, target) in {True, False}
    assert path_covers("/data", target) in {True, False}
