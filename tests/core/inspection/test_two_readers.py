"""What one reader of a zip would see and another would not: refused, whichever of the two jackfield is."""

import io
import struct
import zipfile

import pytest
from jackfield.inspection import inspect_wheel

from tests.core.inspection.refusals import codes, refused
from tests.support import hostile_wheels as hostile
from tests.support.wheels import WheelSource, plugin_source

FIRST = "chat_poll/__init__.py"


def sizes_of_first(tmp_path):
    with zipfile.ZipFile(plugin_source("poll").build(tmp_path / "sizes")) as archive:
        info = archive.infolist()[0]
    assert info.filename == FIRST
    return struct.pack("<QQ", info.file_size, info.compress_size)


@pytest.mark.parametrize("flag", [0x1, 0x8, 0x40, 0x800, 0x2000])
def test_flags_that_the_directory_does_not_have(tmp_path, flag):
    refused(hostile.flags_of_its_own(tmp_path, flag), "zip-confusion", FIRST)


def test_a_checksum_that_the_directory_does_not_have(tmp_path):
    refused(hostile.checksum_of_its_own(tmp_path), "zip-confusion", FIRST)


@pytest.mark.parametrize(("local", "directory"), [(True, True), (True, False), (False, True)])
def test_a_second_name_in_a_unicode_path(tmp_path, local, directory):
    """Python itself takes that name, from some version on."""
    extra = hostile.unicode_path(FIRST, "chat_poll/other.py")
    refused(hostile.with_extra(tmp_path, extra, local=local, directory=directory), "zip-confusion", FIRST)


@pytest.mark.parametrize(("local", "directory"), [(True, True), (True, False), (False, True)])
def test_sizes_once_more_in_the_zip64_form(tmp_path, local, directory):
    extra = hostile.extra_field(0x0001, struct.pack("<QQ", 1, 1))
    refused(hostile.with_extra(tmp_path, extra, local=local, directory=directory), "zip-confusion", FIRST)


def test_zip64_sizes_that_are_the_same_in_the_header_alone_are_read(tmp_path):
    extra = hostile.extra_field(0x0001, sizes_of_first(tmp_path))
    assert not inspect_wheel(hostile.with_extra(tmp_path, extra, directory=False)).refusals


@pytest.mark.parametrize("seekable", [True, False])
def test_a_writer_that_did_not_know_the_sizes_is_read(tmp_path, seekable):
    """As Bazel writes wheels: the header leads to the zip64 field, which is right, or empty before a descriptor."""
    assert not inspect_wheel(rewritten(tmp_path, seekable=seekable)).refusals


@pytest.mark.parametrize("place", [0, 8])
def test_a_header_that_leads_to_other_sizes(tmp_path, place):
    path = rewritten(tmp_path, seekable=True)
    data = bytearray(path.read_bytes())
    data[data.index(b"\x01\x00\x10\x00") + 4 + place] ^= 1
    path.write_bytes(data)
    assert "zip-confusion" in codes(inspect_wheel(path))


def rewritten(folder, *, seekable):
    """The same wheel as a writer leaves it that makes room for sizes of 64 bits everywhere."""
    source = hostile.streamed(folder)
    target = folder / "again" / source.name
    target.parent.mkdir()
    with zipfile.ZipFile(source) as old, target.open("wb") as file:
        sink = file if seekable else Unseekable(file)
        with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as new:
            for info in old.infolist():
                with new.open(zipfile.ZipInfo(info.filename), "w", force_zip64=True) as member:
                    member.write(old.read(info))
    return target


class Unseekable(io.RawIOBase):
    def __init__(self, file):
        self.file = file

    def writable(self):
        return True

    def write(self, data):
        return self.file.write(data)


def test_other_extra_fields_are_passed_over(tmp_path):
    extra = hostile.extra_field(0x5455, b"\1" + bytes(4)) + b"\0"  # a time, and a byte too many
    assert not inspect_wheel(hostile.with_extra(tmp_path, extra, directory=False)).refusals


def test_sizes_behind_the_data_are_read(tmp_path):
    assert not inspect_wheel(hostile.streamed(tmp_path)).refusals


def test_other_sizes_behind_the_data(tmp_path):
    refused(hostile.streamed(tmp_path, spoil=True), "zip-confusion", FIRST)


@pytest.mark.parametrize("hidden", [b"x", b"hidden!!", b"x" * 100])
def test_bytes_between_the_data_and_its_sizes(tmp_path, hidden):
    assert "zip-confusion" in codes(inspect_wheel(hostile.streamed(tmp_path, hidden=hidden)))


def test_a_name_in_an_encoding_that_is_guessed(tmp_path):
    """The flag for UTF-8 is missing in both places: one reader sees cp437, another what its system has."""
    path = hostile.with_member(tmp_path, "chat_poll/caf\u00e9.txt")
    data = bytearray(path.read_bytes())
    name = "chat_poll/caf\u00e9.txt".encode()
    local = data.index(name) - 30
    directory = data.rindex(name, 0, data.rindex(b"PK\5\6")) - 46
    for place in (local + 6, directory + 8):
        struct.pack_into("<H", data, place, struct.unpack_from("<H", data, place)[0] & ~0x800)
    path.write_bytes(data)
    assert "zip-confusion" in codes(inspect_wheel(path))


@pytest.mark.parametrize("order", [("chat_poll/d/", "chat_poll/d"), ("chat_poll/d", "chat_poll/d/")])
def test_a_folder_beside_a_file_of_its_name(tmp_path, order):
    source, members = hostile.good_members()
    record = f"{source.stem}.dist-info/RECORD"
    members[record] = hostile.record_text({**members, "chat_poll/d": b"x"}, record)
    entries = [(hostile.entry(path), body) for path, body in members.items()]
    for name in order:
        mode = 0o040755 if name.endswith("/") else 0o100644
        entries.append((hostile.entry(name, mode=mode), b"" if name.endswith("/") else b"x"))
    path = hostile.pack(tmp_path, f"{source.stem}-{source.tag}.whl", entries)
    refused(path, "duplicate-name", "chat_poll/d")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("chat_poll/Data/a.txt", "chat_poll/data/b.txt"),
        ("chat_poll/x/Y/z/a.txt", "chat_poll/x/y/z/b.txt"),
        ("chat_poll/\u00e9/a.txt", "chat_poll/e\u0301/b.txt"),
        ("chat_poll/data/a.txt", "chat_poll-1.0.0.data/purelib/chat_poll/DATA/b.txt"),
    ],
)
def test_folders_that_are_one_where_case_does_not_count(tmp_path, one, other):
    source = plugin_source("poll")
    source.files[one] = "a"
    refused(hostile.with_member(tmp_path, other, source=source), "duplicate-name", other)


@pytest.mark.parametrize("name", ["evil.PTH", "Evil.Start", "chat_poll-1.0.0.data/platlib/evil.pTh"])
def test_a_startup_hook_in_another_case(tmp_path, name):
    refused(hostile.with_member(tmp_path, name, b"import os\n"), "startup-code", name)


@pytest.mark.parametrize("algorithm", ["sha512", "sha384", "blake2b", "SHA256", "shake_128"])
def test_record_by_another_algorithm(tmp_path, algorithm):
    path = hostile.with_record(tmp_path, lambda rows: [rows[0].replace("sha256=", f"{algorithm}="), *rows[1:]])
    refused(path, "record-weak-hash", FIRST)


def test_an_honest_wheel_with_folders_of_its_own_passes(tmp_path):
    library = WheelSource("plain-lib", files={"plain_lib/__init__.py": "", "plain_lib/data/a.txt": "", "Plain.txt": ""})
    assert not inspect_wheel(library.build(tmp_path)).refusals
