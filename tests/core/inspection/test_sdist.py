"""Source distributions: read for their metadata, refused where unpacking would leave its folder."""

import gzip
import io
import tarfile

import pytest
from jackfield.errors import WheelError
from jackfield.inspection import WheelLimits, inspect_sdist

PKG_INFO = b"Metadata-Version: 2.1\nName: chat-poll\nVersion: 1.0.0\nSummary: Ask\n\nRead me\n"


def build(folder, members, *, filename="chat_poll-1.0.0.tar.gz"):
    path = folder / filename
    with tarfile.open(path, "w:gz") as archive:
        for name, data in members.items():
            info = data if isinstance(data, tarfile.TarInfo) else tarfile.TarInfo(name)
            body = b"" if isinstance(data, tarfile.TarInfo) else data
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
    return path


def test_a_good_one(tmp_path):
    path = build(tmp_path, {"chat_poll-1.0.0/setup.py": b"", "chat_poll-1.0.0/PKG-INFO": PKG_INFO})
    report = inspect_sdist(path, limits=WheelLimits())
    assert (report.name, report.version, report.findings) == ("chat-poll", "1.0.0", ())
    assert report.core is not None
    assert (report.core.summary, report.core.readme) == ("Ask", "Read me\n")


def test_without_metadata(tmp_path):
    report = inspect_sdist(build(tmp_path, {"chat_poll-1.0.0/setup.py": b""}), limits=WheelLimits())
    assert [each.code for each in report.refusals] == ["metadata-invalid"]


def test_of_another_version(tmp_path):
    path = build(tmp_path, {"x/PKG-INFO": PKG_INFO}, filename="chat_poll-2.0.0.tar.gz")
    assert "version-mismatch" in [each.code for each in inspect_sdist(path, limits=WheelLimits()).refusals]


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "x/../../evil"])
def test_path_escape(tmp_path, name):
    path = build(tmp_path, {name: b"x", "x/PKG-INFO": PKG_INFO})
    assert [each.code for each in inspect_sdist(path, limits=WheelLimits()).refusals] == ["path-escape"]


def test_device(tmp_path):
    info = tarfile.TarInfo("x/null")
    info.type = tarfile.CHRTYPE
    path = build(tmp_path, {"x/null": info, "x/PKG-INFO": PKG_INFO})
    assert [each.code for each in inspect_sdist(path, limits=WheelLimits()).refusals] == ["special-file"]


def test_gzip_bomb(tmp_path):
    path = build(tmp_path, {"x/zeros": bytes(5_000_000), "x/PKG-INFO": PKG_INFO})
    with pytest.raises(WheelError, match="unpacks to more"):
        inspect_sdist(path, limits=WheelLimits(total_bytes=1_000_000))


def test_long_name_of_any_size_is_not_held_in_memory(tmp_path):
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 50_000_000
    path = tmp_path / "chat_poll-1.0.0.tar.gz"
    with gzip.open(path, "wb") as file:
        file.write(info.tobuf(tarfile.GNU_FORMAT))
        file.write(bytes(1_000_000))
    with pytest.raises(WheelError, match="more than"):
        inspect_sdist(path, limits=WheelLimits())


def test_too_many_files(tmp_path):
    path = build(tmp_path, {f"x/{number}": b"" for number in range(20)})
    with pytest.raises(WheelError, match="more than 10 files"):
        inspect_sdist(path, limits=WheelLimits(files=10))


@pytest.mark.parametrize("kept", [0, 20, 100])
def test_cut_short(tmp_path, kept):
    path = build(tmp_path, {"x/PKG-INFO": PKG_INFO})
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(WheelError):
        inspect_sdist(path, limits=WheelLimits())


@pytest.mark.parametrize("name", ["poll.tar.gz", "chat_poll-1.0.0.zip"])
def test_name_that_is_not_one(tmp_path, name):
    with pytest.raises(WheelError):
        inspect_sdist(build(tmp_path, {"x/PKG-INFO": PKG_INFO}, filename=name), limits=WheelLimits())


def with_header(folder, body):
    """A source distribution with an extended header (POSIX pax) of these bytes."""
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, len(body)
    content = tarfile.TarInfo("chat_poll-1.0.0/PKG-INFO")
    content.size = len(PKG_INFO)
    blocks = [header.tobuf(tarfile.USTAR_FORMAT), body, content.tobuf(tarfile.USTAR_FORMAT), PKG_INFO, bytes(1024)]
    path = folder / "chat_poll-1.0.0.tar.gz"
    path.write_bytes(gzip.compress(b"".join(block + bytes(-len(block) % tarfile.BLOCKSIZE) for block in blocks)))
    return path


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"1" * 3000, "a number that nobody can mean"),
        (b"1" * 300_000, "more of its files, beside their content"),
        (b"2 " * 100_000 + b"=", "more of its files, beside their content"),
    ],
    ids=["a-number", "a-long-number", "many-records"],
)
def test_header_that_takes_long_to_take_apart(tmp_path, body, said):
    with pytest.raises(WheelError, match=said):
        inspect_sdist(with_header(tmp_path, body), limits=WheelLimits())


def test_more_headers_than_anybody_needs(tmp_path):
    members = {f"x/{number}/{'a' * 900}": b"" for number in range(1000)}
    with pytest.raises(WheelError, match="more of its files, beside their content"):
        inspect_sdist(build(tmp_path, {**members, "x/PKG-INFO": PKG_INFO}), limits=WheelLimits())


@pytest.mark.parametrize("layout", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_what_builders_write_is_read(tmp_path, layout):
    path = tmp_path / "chat_poll-1.0.0.tar.gz"
    long = PKG_INFO + b"3.14159" + b"1234567890" * 50_000
    files = {f"chat_poll-1.0.0/{'ä' * 40}/{'b' * 100}/{number}.py": b"" for number in range(500)}
    with tarfile.open(path, "w:gz", format=layout) as archive:
        for name, data in {"chat_poll-1.0.0/PKG-INFO": long, **files}.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(data), 1_700_000_000.123456789
            archive.addfile(info, io.BytesIO(data))
    report = inspect_sdist(path, limits=WheelLimits())
    assert (report.findings, report.metadata) == ((), long)
