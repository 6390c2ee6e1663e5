"""Each attack by a wheel is a test named after it; the culprit is named, and a good wheel passes."""

import resource
import struct
import time
import tracemalloc
import zipfile

import pytest
from jackfield.errors import WheelError
from jackfield.inspection import WheelLimits, inspect_wheel

from tests.core.inspection.refusals import codes, refused
from tests.support import hostile_wheels as hostile
from tests.support.wheels import WheelSource, plugin_source


def test_a_good_wheel_passes(tmp_path):
    report = inspect_wheel(plugin_source("poll").build(tmp_path), strict=True)
    assert report.findings == ()
    report.require_acceptable()


@pytest.mark.parametrize("name", ["../evil.py", "chat_poll/../../evil.py", "chat_poll/..", ".."])
def test_path_escape(tmp_path, name):
    refused(hostile.with_entry(tmp_path, hostile.entry(name)), "path-escape", name)


@pytest.mark.parametrize("name", ["/etc/cron.d/evil", "C:/evil.py", "c:evil.py"])
def test_absolute_name(tmp_path, name):
    refused(hostile.with_entry(tmp_path, hostile.entry(name)), "absolute-name", name)


def test_backslash(tmp_path):
    refused(hostile.with_entry(tmp_path, hostile.entry("chat_poll\\..\\evil.py")), "backslash", "evil.py")


@pytest.mark.parametrize(
    "name", ["chat_poll/nul.py", "chat_poll/a\nb.py", "chat_poll/a.", "chat_poll//a.py", "./a.py", "chat_poll/a?.py"]
)
def test_name_that_not_every_system_can_store(tmp_path, name):
    path = hostile.with_entry(tmp_path, hostile.entry(name))
    assert "unsafe-name" in codes(inspect_wheel(path))


def test_path_longer_than_a_file_system_takes(tmp_path):
    assert "unsafe-name" in codes(inspect_wheel(hostile.with_member(tmp_path, "chat_poll/" + "a" * 300)))


def test_symlink(tmp_path):
    refused(
        hostile.with_entry(tmp_path, hostile.entry("chat_poll/link", mode=0o120777), b"/etc/passwd"), "symlink", "link"
    )


@pytest.mark.parametrize("mode", [0o010644, 0o020644, 0o104755, 0o102755], ids=["fifo", "device", "setuid", "setgid"])
def test_special_file(tmp_path, mode):
    refused(hostile.with_entry(tmp_path, hostile.entry("chat_poll/odd", mode=mode)), "special-file", "odd")


@pytest.mark.parametrize("name", ["evil.pth", "evil.start", "chat_poll-1.0.0.data/purelib/evil.pth"])
def test_startup_hook_of_a_plugin(tmp_path, name):
    refused(hostile.with_member(tmp_path, name, b"import os\n"), "startup-code", name)


def test_startup_hook_of_a_library_waits_for_a_person(tmp_path):
    library = WheelSource("plain-lib", files={"plain_lib/__init__.py": "", "plain.pth": "import os\n"})
    report = inspect_wheel(library.build(tmp_path))
    assert not report.refusals
    assert [finding.code for finding in report.quarantines] == ["startup-code"]


@pytest.mark.parametrize("name", ["sitecustomize.py", "usercustomize/__init__.py"])
def test_module_that_the_interpreter_runs_at_its_start(tmp_path, name):
    refused(hostile.with_member(tmp_path, name), "startup-code", name)


@pytest.mark.parametrize(
    "name",
    [
        *("jackfield/__init__.py", "pluggy.py", "msgspec/x.py", "jackfield_chat_api/x.py", "json/__init__.py", "os.py"),
        *("chat_poll-1.0.0.data/purelib/pluggy/__init__.py", "Pluggy/__init__.py"),
    ],
)
def test_top_level_name_that_shadows_the_host(tmp_path, name):
    refused(hostile.with_member(tmp_path, name), "shadows-module", "shadow")


def test_the_owner_of_a_reserved_name_may_carry_it(tmp_path):
    assert not inspect_wheel(WheelSource("pluggy", files={"pluggy/__init__.py": ""}).build(tmp_path)).refusals


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_files_for_one_path(tmp_path):
    source, members = hostile.good_members()
    entries = [(hostile.entry(path), body) for path, body in members.items()]
    entries.append((hostile.entry("chat_poll/__init__.py"), b"import evil\n"))
    path = hostile.pack(tmp_path, f"{source.stem}-{source.tag}.whl", entries)
    refused(path, "duplicate-name", "chat_poll/__init__.py")


@pytest.mark.parametrize("name", ["Chat_Poll/__init__.py", "chat_poll/__INIT__.py"])
def test_two_files_that_differ_in_case(tmp_path, name):
    refused(hostile.with_member(tmp_path, name), "duplicate-name", name)


def test_a_file_that_is_a_folder_too(tmp_path):
    refused(hostile.with_member(tmp_path, "chat_poll"), "duplicate-name", "chat_poll")


@pytest.mark.parametrize("folder", ["purelib", "platlib"])
@pytest.mark.parametrize("name", ["chat_poll/__init__.py", "chat_poll/plugin.toml", "CHAT_POLL/__init__.py"])
def test_a_second_file_that_is_unpacked_over_the_one_that_is_read(tmp_path, folder, name):
    """pip takes the one of .data, and who looks at the wheel sees the other."""
    hidden = f"chat_poll-1.0.0.data/{folder}/{name}"
    refused(hostile.with_member(tmp_path, hidden), "duplicate-name", hidden)


@pytest.mark.parametrize(
    "name",
    [
        "chat_poll-1.0.0.data/purelib/evil-1.0.dist-info/METADATA",
        "chat_poll-1.0.0.data/platlib/chat_poll-1.0.0.dist-info/direct_url.json",
        "evil.egg-info/PKG-INFO",
        "evil-1.EGG-INFO",
        "Evil.Dist-Info/entry_points.txt",
        "evil.dist-info",
    ],
)
def test_a_second_distribution_in_one_wheel(tmp_path, name):
    refused(hostile.with_member(tmp_path, name), "dist-info", "one distribution")


@pytest.mark.parametrize(
    "name",
    [
        "other-9.data/purelib/evil.py",
        "CHAT_POLL-1.0.0.DATA/purelib/evil.py",
        "chat_poll-1.0.0.data/PURELIB/evil.py",
        "chat_poll-1.0.0.data/stdlib/evil.py",
        "chat_poll-1.0.0.data/evil.py",
    ],
)
def test_a_file_that_installers_put_in_different_places(tmp_path, name):
    refused(hostile.with_member(tmp_path, name), "data-files", name)


@pytest.mark.parametrize(
    "entry", ["../../evil = a:b", "a\\b = a:b", ". = a:b", "evil = a"], ids=["above", "backslash", "folder", "no call"]
)
def test_a_program_that_is_none_or_lies_elsewhere(tmp_path, entry):
    name, _, value = entry.partition(" = ")
    source = plugin_source("poll")
    source.entry_points["console_scripts"] = {name: value}
    refused(source.build(tmp_path), "entry-points", "is no program")


@pytest.mark.parametrize("more", ["; a comment", " continued = a:b"])
def test_entry_points_that_python_reads_otherwise_than_pip(tmp_path, more):
    source = plugin_source("poll")
    source.entry_points["chat.plugins"]["poll"] += f"\n{more}"
    assert "entry-points" in codes(inspect_wheel(source.build(tmp_path)))


@pytest.mark.parametrize("name", ["RECORD", "RECORD.jws"])
def test_record_that_says_what_is_made_after_it(tmp_path, name):
    source, members = hostile.good_members()
    info = f"{source.stem}.dist-info"
    members.setdefault(f"{info}/{name}", b"signed")
    rows = [row for row in members[f"{info}/RECORD"].decode().split() if not row.startswith(f"{info}/{name},")]
    members[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/{name},sha256=AAAA,4"]).encode()
    entries = [(hostile.entry(path), body) for path, body in members.items()]
    refused(hostile.pack(tmp_path, f"{source.stem}-{source.tag}.whl", entries), "record-broken", name)


def test_encrypted(tmp_path):
    refused(hostile.encrypted(tmp_path), "encrypted", "chat_poll/__init__.py")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA], ids=["bzip2", "lzma"])
def test_compression_whose_memory_the_archive_chooses(tmp_path, method):
    refused(hostile.with_entry(tmp_path, hostile.entry("chat_poll/a.bin", method=method)), "compression", "a.bin")


def test_record_with_another_hash(tmp_path):
    path = hostile.with_record(tmp_path, lambda lines: [lines[0].replace("sha256=", "sha256=AAAA"), *lines[1:]])
    refused(path, "record-mismatch", "chat_poll/__init__.py")


def test_record_with_another_size(tmp_path):
    path = hostile.with_record(tmp_path, lambda lines: [lines[0].rpartition(",")[0] + ",1", *lines[1:]])
    refused(path, "record-mismatch", "chat_poll/__init__.py")


def test_file_that_record_does_not_list(tmp_path):
    refused(hostile.with_record(tmp_path, lambda lines: lines[1:]), "record-extra-file", "chat_poll/__init__.py")


def test_record_that_lists_a_missing_file(tmp_path):
    path = hostile.with_record(tmp_path, lambda lines: ["gone.py,sha256=AAAA,3", *lines])
    refused(path, "record-missing-file", "gone.py")


def test_record_that_lists_a_file_twice(tmp_path):
    refused(
        hostile.with_record(tmp_path, lambda lines: [lines[0], *lines]), "record-duplicate", "chat_poll/__init__.py"
    )


@pytest.mark.parametrize("column", ["md5=AAAA", "sha1=AAAA", ""], ids=["md5", "sha1", "none"])
def test_record_with_a_weak_hash(tmp_path, column):
    def weaken(lines: list[str]) -> list[str]:
        path, _, size = lines[0].split(",")
        return [f"{path},{column},{size}", *lines[1:]]

    refused(hostile.with_record(tmp_path, weaken), "record-weak-hash", "chat_poll/__init__.py")


@pytest.mark.parametrize("text", ["a,b\n", '"open\n', "\x00"], ids=["columns", "quote", "nul"])
def test_record_that_is_no_table(tmp_path, text):
    path = hostile.with_record(tmp_path, lambda lines: [text, *lines])
    assert codes(inspect_wheel(path)) & {"record-broken", "record-missing-file"}


def test_wheel_without_record(tmp_path):
    source, members = hostile.good_members()
    del members[f"{source.stem}.dist-info/RECORD"]
    path = hostile.pack(
        tmp_path, f"{source.stem}-{source.tag}.whl", [(hostile.entry(p), b) for p, b in members.items()]
    )
    refused(path, "record-absent", "RECORD")


def test_zip_bomb_by_ratio(tmp_path):
    refused(hostile.zip_bomb(tmp_path, 32 * 1024 * 1024), "zip-bomb", "zeros.bin")


def test_zip_bomb_of_many_files(tmp_path):
    """None of them unpacks to much by itself."""
    source = plugin_source("poll")
    source.files |= {f"chat_poll/zeros{number}.txt": "0" * 4_000_000 for number in range(6)}
    refused(source.build(tmp_path), "zip-bomb", "the wheel unpacks to")


def test_a_library_whose_pages_are_mostly_empty_is_no_bomb(tmp_path):
    """As patchelf leaves it for systems with pages of 2 MiB; libXau in the wheels of pillow shrinks 223-fold."""
    assert not inspect_wheel(hostile.zip_bomb(tmp_path, 2_100_000)).refusals


def test_zip_bomb_by_size_of_one_file(tmp_path):
    refused(hostile.zip_bomb(tmp_path, 2_000_000), "zip-bomb", "zeros.bin", limits=WheelLimits(file_bytes=1_000_000))


def test_zip_bomb_by_sum(tmp_path):
    limits = WheelLimits(total_bytes=1_000_000, ratio=10_000)
    refused(hostile.zip_bomb(tmp_path, 2_000_000), "zip-bomb", "unpacks to", limits=limits)


@pytest.mark.slow
def test_zip_bomb_costs_neither_time_nor_memory(tmp_path):
    path = hostile.zip_bomb(tmp_path, 200 * 1024 * 1024)
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    assert "zip-bomb" in codes(inspect_wheel(path))
    assert time.process_time() - started < 5  # seconds; unpacked it would take minutes
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32 * 1024  # KiB


def test_directory_that_lies_about_a_size(tmp_path):
    path = hostile.lying_size(tmp_path)  # 8 MiB of zeros that call themselves 100 bytes
    tracemalloc.start()
    try:
        with pytest.raises(WheelError, match=r"damaged|ends after"):
            inspect_wheel(path)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 4 * 1024 * 1024  # bytes: no more is unpacked than was said


def test_overlapping_entries(tmp_path):
    assert "zip-confusion" in codes(inspect_wheel(hostile.overlapping(tmp_path)))


def test_bytes_hidden_before_the_directory(tmp_path):
    refused(hostile.hidden_bytes(tmp_path), "zip-confusion", "hidden")


def test_local_header_with_another_name(tmp_path):
    refused(hostile.renamed_locally(tmp_path), "zip-confusion", "chat_poll/__init__.py")


@pytest.mark.parametrize("extra", [b"PK\5\6" + bytes(18), b"trailing"], ids=["second-end", "bytes"])
def test_bytes_after_the_end(tmp_path, extra):
    path = plugin_source("poll").build(tmp_path)
    path.write_bytes(path.read_bytes() + extra)
    with pytest.raises(WheelError):
        inspect_wheel(path)


def test_bytes_before_the_beginning(tmp_path):
    path = plugin_source("poll").build(tmp_path)
    path.write_bytes(b"#!/bin/sh\n" + path.read_bytes())
    with pytest.raises(WheelError, match="before its first file"):
        inspect_wheel(path)


@pytest.mark.parametrize("kept", [0.0, 0.1, 0.5, 0.9, 0.99])
def test_truncated_zip(tmp_path, kept):
    path = plugin_source("poll").build(tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(WheelError, match="cut short"):
        inspect_wheel(path)


def test_data_that_do_not_match_their_checksum(tmp_path):
    with pytest.raises(WheelError, match="damaged"):
        inspect_wheel(hostile.corrupt_data(tmp_path))


def test_too_many_files(tmp_path):
    path = plugin_source("poll").build(tmp_path)
    with pytest.raises(WheelError, match="too many files"):
        inspect_wheel(path, limits=WheelLimits(files=3))


def test_directory_of_any_size_is_not_held_in_memory(tmp_path):
    path = plugin_source("poll").build(tmp_path)
    data = bytearray(path.read_bytes())
    struct.pack_into("<L", data, len(data) - 22 + 12, 0x7FFFFFFF)
    path.write_bytes(data)
    with pytest.raises(WheelError, match="too many files"):
        inspect_wheel(path)


def test_archive_over_the_bound_is_not_opened(tmp_path):
    path = plugin_source("poll").build(tmp_path)
    with pytest.raises(WheelError, match="more than 100"):
        inspect_wheel(path, limits=WheelLimits(archive_bytes=100))


def test_metadata_too_large_to_read(tmp_path):
    source = plugin_source("poll")
    source.readme = "x" * 20_000
    refused(source.build(tmp_path), "too-large", "METADATA", limits=WheelLimits(text_bytes=10_000))
