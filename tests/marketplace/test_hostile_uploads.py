"""Uploads that are refused: each with a reason in body and status line, and without a trace."""

import io
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import hostile_wheels as hostile
from tests.support.uploads import nothing_is_listed
from tests.support.wheels import WheelSource, build_plugin, manifest_text, plugin_source

INFO = "chat_poll-1.0.0.dist-info"
PKG_INFO = "Metadata-Version: 2.1\nName: chat-poll\nVersion: 1.0.0\n\n"


def renamed(folder, name):
    return build_plugin(folder, "poll").rename(folder / name)


def cut(folder, share):
    path = build_plugin(folder, "poll")
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    return path


def metadata(folder, old, new):
    source = plugin_source("poll")
    return hostile.with_changed(folder, f"{INFO}/METADATA", source.metadata().replace(old, new).encode())


def saying(folder, *lines):
    source = plugin_source("poll")
    source.metadata_lines = list(lines)
    return source.build(folder)


def manifest(folder, text):
    return plugin_source("poll", manifest=text).build(folder)


def entry_points(folder, **points):
    source = plugin_source("poll")
    source.entry_points = {"chat.plugins": points}
    return source.build(folder)


def sdist(folder, member="chat_poll-1.0.0/PKG-INFO", text=PKG_INFO, **options):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "chat_poll-1.0.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        info = tarfile.TarInfo(member)
        for name, value in options.items():
            setattr(info, name, value)
        info.size = len(text) if info.type == tarfile.REGTYPE else 0
        archive.addfile(info, io.BytesIO(text.encode()))
    return path


def written(folder, name, data):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)
    return folder / name


WHEEL = "chat_poll-1.0.0-py3-none-any.whl"
DIGITS = "9" * 5000
"""More than Python makes a number of."""

# What is wrong, the file, and a word of the reason.
TABLE = {
    "path-escape": (lambda folder: hostile.with_entry(folder, hostile.entry("../evil.py")), "../evil.py"),
    "absolute-path": (lambda folder: hostile.with_entry(folder, hostile.entry("/etc/evil")), "/etc/evil"),
    "drive": (lambda folder: hostile.with_entry(folder, hostile.entry("C:/evil.py")), "C:/evil.py"),
    "header-injection": (lambda folder: hostile.with_entry(folder, hostile.entry("a\r\nX-Evil: 1")), "a"),
    "symlink": (lambda folder: hostile.with_entry(folder, hostile.entry("link", mode=0o120777)), "link"),
    "startup-hook": (lambda folder: hostile.with_member(folder, "evil.pth"), "evil.pth"),
    "shadow": (lambda folder: hostile.with_member(folder, "json/__init__.py"), "json"),
    "same-path-in-capitals": (lambda folder: hostile.with_member(folder, "CHAT_POLL/__init__.py"), "CHAT_POLL"),
    "look-alike-module": (lambda folder: hostile.with_member(folder, "сhat/__init__.py"), "ASCII"),  # noqa: RUF001 (a look-alike on purpose)
    "zip-bomb": (lambda folder: hostile.zip_bomb(folder, 32 * 1024 * 1024), "times"),
    "encrypted": (hostile.encrypted, "encrypted"),
    "encrypted-in-its-own-header": (lambda folder: hostile.flags_of_its_own(folder, 1), "own header"),
    "checksum-of-its-own": (hostile.checksum_of_its_own, "checksum in its own header"),
    "second-name": (hostile.by_extra(hostile.unicode_path("chat_poll/__init__.py", "evil.pth")), "second name"),
    "zip64-for-nothing": (hostile.by_extra(hostile.extra_field(1, bytes(16))), "zip64"),
    "descriptor-that-lies": (lambda folder: hostile.streamed(folder, spoil=True), "behind its data"),
    "descriptor-that-hides": (lambda folder: hostile.streamed(folder, hidden=b"hidden!!"), "behind its data"),
    "startup-hook-in-capitals": (lambda folder: hostile.with_member(folder, "evil.PTH"), "evil.PTH"),
    "folder-in-capitals": (lambda folder: hostile.with_member(folder, "CHAT_POLL/more.py"), "CHAT_POLL"),
    "overlapping": (hostile.overlapping, ""),
    "hidden-bytes": (hostile.hidden_bytes, ""),
    "renamed-locally": (hostile.renamed_locally, ""),
    "corrupt": (hostile.corrupt_data, ""),
    "lying-size": (hostile.lying_size, ""),
    "lzma": (lambda folder: hostile.with_entry(folder, hostile.entry("a", method=zipfile.ZIP_LZMA)), "deflate"),
    "empty": (lambda folder: written(folder, WHEEL, b""), ""),
    "no-zip": (lambda folder: written(folder, WHEEL, b"<html>" * 100), ""),
    "cut-in-half": (lambda folder: cut(folder, 0.5), ""),
    "cut-at-the-end": (lambda folder: cut(folder, 0.99), ""),
    "record-of-other-bytes": (
        hostile.by_record(lambda rows: [row.replace("sha256=", "sha256=A") for row in rows]),
        "RECORD",
    ),
    "record-of-other-sizes": (hostile.by_record(lambda rows: [rows[0] + "1", *rows[1:]]), "RECORD says"),
    "record-by-sha512": (hostile.by_record(lambda rows: [row.replace("sha256", "sha512") for row in rows]), "sha512"),
    "record-with-a-line-twice": (hostile.by_record(lambda rows: rows[:1] + rows), "twice"),
    "record-of-what-is-not-there": (hostile.by_record(lambda rows: ["gone.py,sha256=AAAA,3", *rows]), "gone.py"),
    "record-empty": (hostile.by_record(lambda rows: []), "RECORD"),
    "record-without-a-file": (hostile.by_record(lambda rows: rows[1:]), "RECORD"),
    "wheel-of-the-future": (
        lambda folder: hostile.with_changed(folder, f"{INFO}/WHEEL", b"Wheel-Version: 2.0\n"),
        "2.0",
    ),
    "metadata-of-another-name": (lambda folder: metadata(folder, "Name: chat-poll", "Name: chat-dice"), "chat-dice"),
    "metadata-of-another-version": (lambda folder: metadata(folder, "Version: 1.0.0", "Version: 2.0.0"), "2.0.0"),
    "metadata-of-the-future": (
        lambda folder: metadata(folder, "-Version: 2.1", "-Version: 3.0"),
        "3.0",
    ),
    "metadata-that-is-no-text": (lambda folder: hostile.with_changed(folder, f"{INFO}/METADATA", b"\xff\x00"), ""),
    "metadata-past-the-index": (
        lambda folder: plugin_source("poll", requires=["evil @ https://evil.example/x.whl"]).build(folder),
        "evil",
    ),
    "version-beyond-numbers": (
        lambda folder: plugin_source("poll", requires=[f"plain>={DIGITS}"]).build(folder),
        "means nothing to an installer",
    ),
    "marker-beyond-numbers": (
        lambda folder: plugin_source("poll", requires=[f'plain; python_version>="{DIGITS}"']).build(folder),
        "means nothing to an installer",
    ),
    "marker-without-sense": (
        lambda folder: plugin_source("poll", requires=['plain; os_name ~= "x"']).build(folder),
        "means nothing to an installer",
    ),
    "marker-of-two-texts": (
        lambda folder: plugin_source("poll", requires=['plain; "a" in "b"']).build(folder),
        "means nothing to an installer",
    ),
    "python-beyond-numbers": (
        lambda folder: plugin_source("poll", requires_python=f">={DIGITS}").build(folder),
        "Requires-Python",
    ),
    "keywords-of-a-dictionary": (
        lambda folder: saying(folder, "Keywords: " + ",".join(f"word{number}" for number in range(90_000))),
        "Keywords has 798890 characters, more than 4096",
    ),
    "keyword-of-any-length": (
        lambda folder: saying(folder, "Keywords: " + "x" * 4097),
        "Keywords has 4097 characters, more than 4096",
    ),
    "summary-of-any-length": (
        lambda folder: saying(folder, "Summary: " + "x" * 513),
        "Summary has 513 characters, more than 512",
    ),
    "links-without-end": (
        lambda folder: saying(folder, *(f"Project-URL: Page {n}, https://example.org/{n}" for n in range(51))),
        "more than 50 lines of Project-URL",
    ),
    "link-of-any-length": (
        lambda folder: saying(folder, "Project-URL: Page, https://example.org/" + "x" * 3000),
        "a Project-URL has 3024 characters, more than 2048",
    ),
    "file-of-another-name": (lambda folder: renamed(folder, "chat_dice-1.0.0-py3-none-any.whl"), "chat_dice"),
    "file-of-another-version": (lambda folder: renamed(folder, "chat_poll-9.0.0-py3-none-any.whl"), "9.0.0"),
    "file-of-another-tag": (lambda folder: renamed(folder, "chat_poll-1.0.0-cp311-none-any.whl"), "cp311"),
    "no-manifest": (lambda folder: hostile.with_changed(folder, "chat_poll/plugin.toml", b""), "plugin.toml"),
    "manifest-of-another-id": (lambda folder: manifest(folder, manifest_text("dice")), "dice"),
    "manifest-of-another-version": (lambda folder: manifest(folder, manifest_text("poll", "2.0.0")), "2.0.0"),
    "manifest-that-is-no-toml": (lambda folder: manifest(folder, "schema = = 1"), "plugin.toml"),
    "manifest-of-a-later-schema": (
        lambda folder: manifest(folder, manifest_text("poll").replace("schema = 1", "schema = 99")),
        "99",
    ),
    "manifest-with-an-unknown-key": (lambda folder: manifest(folder, "colour = 1\n" + manifest_text("poll")), "colour"),
    "two-plugins": (
        lambda folder: entry_points(folder, poll="chat_poll:Main", dice="chat_poll:Main"),
        "one wheel holds one plugin",
    ),
    "look-alike-id": (lambda folder: entry_points(folder, pоll="chat_poll:Main"), "ASCII"),
    "version-that-plugins-cannot-have": (lambda folder: build_plugin(folder, "poll", "1.0.0.post1"), "post1"),
    "sdist-that-escapes": (lambda folder: sdist(folder, "../evil"), ""),
    "sdist-with-a-device": (lambda folder: sdist(folder, type=tarfile.CHRTYPE), ""),
    "sdist-without-metadata": (lambda folder: sdist(folder, "chat_poll-1.0.0/setup.py"), ""),
    "sdist-of-another-name": (lambda folder: sdist(folder, text="Metadata-Version: 2.1\nName: x\nVersion: 1\n\n"), ""),
    "sdist-that-is-no-archive": (lambda folder: written(folder, "chat_poll-1.0.0.tar.gz", b"\x1f\x8b" + bytes(99)), ""),
    "reserved-id": (lambda folder: build_plugin(folder, "search"), "kept for the marketplace"),
    "library-that-shadows": (
        lambda folder: WheelSource("plain", files={"jackfield/__init__.py": ""}).build(folder),
        "jackfield",
    ),
}


@pytest.fixture(scope="module")
def told() -> Iterator[dict[str, str]]:
    """The table of hostile uploads, with `pytest -s`."""
    reasons: dict[str, str] = {}
    yield reasons
    print(f"\n\n{'upload':<36} what its uploader reads")
    for attack, reason in reasons.items():
        print(f"{attack:<36} {reason}")


@pytest.mark.parametrize("way", ["/legacy/", "/plugins/submit"])
@pytest.mark.parametrize("attack", TABLE)
def test_what_is_refused_has_a_reason_and_leaves_no_trace(standing, attack, way, told, tmp_path: Path):
    build, word = TABLE[attack]
    path = build(tmp_path)
    with path.open("rb") as file:
        answer = standing.client.post(
            way,
            data={":action": "file_upload"},
            files={"content": (path.name, file)},
            auth=("__token__", standing.tokens["alice"]),
        )
    assert answer.status_code == 400, answer.text
    reason = answer.text.strip() if way == "/legacy/" else answer.json()["detail"]
    assert word in reason
    shown = "".join(one if " " <= one <= "~" else "?" for one in reason)
    assert answer.reason_phrase == shown[:500]
    assert len(reason) > 10
    assert "X-Evil" not in answer.headers
    nothing_is_listed(standing)
    told[attack] = f"{answer.status_code} {answer.reason_phrase}"


def test_a_reason_is_in_the_status_line(standing):
    source = plugin_source("poll")
    del source.files["chat_poll/plugin.toml"]
    answer = standing.upload(source.build(standing.wheels))
    assert answer.status_code == 400
    assert answer.reason_phrase.startswith("Invalid package: missing plugin.toml")
    nothing_is_listed(standing)


def test_a_file_over_the_bound(market_with):
    market = market_with(upload_bytes=1000)
    answer = market.upload(build_plugin(market.wheels, "poll", code="x = 1\n" * 100 + "".join(map(str, range(3000)))))
    assert answer.status_code == 413
