"""Unpacking uploads: what is honest arrives, what is not is refused and leaves nothing behind."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.archives import ArchiveLimits, unpack
from data.errors import UserError

FILES = {"a/1.png": b"one", "a/ü ☃/2.png": b"two" * 1000, "b/empty.png": b""}


def make_zip(path: Path, files: dict[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", kind) as out:
        for name, content in files.items():
            out.writestr(name, content)
    return path


def make_tar(path: Path, files: dict[str, bytes], mode: str = "w", **attributes) -> Path:
    with tarfile.open(path, mode) as out:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            for key, value in attributes.items():
                setattr(member, key, value)
            out.addfile(member, io.BytesIO(content))
    return path


def tree(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def refuse(archive: Path, words: str, **options) -> UserError:
    """It is refused with these words, and nothing is left beside the archive."""
    before = sorted(path.name for path in archive.parent.iterdir())
    with pytest.raises(UserError, match=words) as caught:
        unpack(archive, archive.parent / "out", **options)
    assert sorted(path.name for path in archive.parent.iterdir()) == before
    return caught.value


@pytest.mark.parametrize("kind", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_zip(tmp_path: Path, kind: int) -> None:
    assert unpack(make_zip(tmp_path / "x", FILES, kind), tmp_path / "out") == 3
    assert tree(tmp_path / "out") == FILES


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_tar_of_each_kind_whatever_its_name(tmp_path: Path, mode: str, form: int) -> None:
    files = {**FILES, "long/" + "n" * 200 + ".png": b"long"}
    with tarfile.open(tmp_path / "upload.dat", mode, format=form) as out:
        for name, content in files.items():
            member = tarfile.TarInfo("./" + name)
            member.size = len(content)
            out.addfile(member, io.BytesIO(content))
    assert unpack(tmp_path / "upload.dat", tmp_path / "out") == 4
    assert tree(tmp_path / "out") == files


def test_an_empty_target_is_filled_and_progress_reported(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    reports: list[tuple[float, int]] = []
    unpack(make_zip(tmp_path / "x", FILES), tmp_path / "out", report=lambda *values: reports.append(values))
    assert [files for _, files in reports] == [1, 2, 3]
    assert all(0 <= fraction <= 1 for fraction, _ in reports)
    assert oct((tmp_path / "out").stat().st_mode)[-3:] == "755"


def test_folders_alone_are_made_and_rights_are_not_taken_over(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x", "w") as out:
        for name, kind in (("a", tarfile.DIRTYPE), ("a/run.png", tarfile.REGTYPE), ("empty", tarfile.DIRTYPE)):
            member = tarfile.TarInfo(name)
            member.mode, member.type = 0o6777, kind
            out.addfile(member, io.BytesIO())
    unpack(tmp_path / "x", tmp_path / "out")
    assert (tmp_path / "out/empty").is_dir()
    assert not (tmp_path / "out/a/run.png").stat().st_mode & 0o6111


def test_names_of_zips_made_by_other_programs(tmp_path: Path) -> None:
    make_zip(tmp_path / "x", {"folder\\1.png": b"x"})
    data = (tmp_path / "x").read_bytes()
    (tmp_path / "x").write_bytes(data.replace(b"folder/", b"folder\\"))
    unpack(tmp_path / "x", tmp_path / "out")
    assert tree(tmp_path / "out") == {"folder/1.png": b"x"}
    # UTF-8 without the flag that says so, as many programs write it
    make_zip(tmp_path / "y", {"xx/1.png": b"x"})
    (tmp_path / "y").write_bytes((tmp_path / "y").read_bytes().replace(b"xx/", "ü/".encode()))
    unpack(tmp_path / "y", tmp_path / "out2")
    assert tree(tmp_path / "out2") == {"ü/1.png": b"x"}


@pytest.mark.parametrize(
    "name", ["../evil.png", "a/../../evil.png", "/etc/evil.png", "..\\evil.png", "C:\\evil.png", "C:/evil.png", "a/.."]
)
@pytest.mark.parametrize("make", [make_zip, make_tar])
def test_nothing_is_written_outside(tmp_path: Path, name: str, make) -> None:
    error = refuse(make(tmp_path / "x", {"good.png": b"x", name: b"evil"}), "outside its folder")
    assert error.field == "file"


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_refused(tmp_path: Path, kind: bytes) -> None:
    refuse(make_tar(tmp_path / "x", {"a.png": b""}, type=kind, linkname="/etc/passwd"), "link or a device")


def test_links_in_zips_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x", "w") as out:
        info = zipfile.ZipInfo("link.png")
        info.external_attr = 0o120777 << 16
        out.writestr(info, "/etc/passwd")
    refuse(tmp_path / "x", "link or a device")


@pytest.mark.parametrize("make", [make_zip, lambda path, files: make_tar(path, files, "w:gz")])
def test_bombs_are_stopped_by_what_they_unpack_to(tmp_path: Path, make) -> None:
    archive = make(tmp_path / "x", {"zeros.png": bytes(30 << 20)})
    refuse(archive, "200 times its size", limits=ArchiveLimits(free_bytes=1 << 20))
    refuse(archive, "more than 0 GB", limits=ArchiveLimits(bytes=10 << 20))
    assert unpack(archive, tmp_path / "out") == 1  # 30 MB are not worth refusing


@pytest.mark.parametrize("make", [make_zip, make_tar])
def test_too_many_entries_are_refused(tmp_path: Path, make) -> None:
    refuse(make(tmp_path / "x", {f"{n}.png": b"" for n in range(11)}), "more than 10 files", limits=ArchiveLimits(10))


def test_a_header_that_fills_the_memory_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x", "w:gz", format=tarfile.PAX_FORMAT) as out:
        member = tarfile.TarInfo("a.png")
        member.pax_headers = {"comment": "x" * (40 << 20)}
        out.addfile(member, io.BytesIO())
    refuse(tmp_path / "x", "header of absurd length")


@pytest.mark.parametrize("make", [make_zip, make_tar])
@pytest.mark.parametrize("files", [{"a": b"1", "a/b": b"2"}, {"a/b": b"2", "a": b"1"}])
def test_a_name_that_is_file_and_folder_is_refused(tmp_path: Path, make, files) -> None:
    refuse(make(tmp_path / "x", files), "both a file and a folder")


def test_names_that_the_disk_does_not_take_are_refused(tmp_path: Path) -> None:
    refuse(make_tar(tmp_path / "x", {"n" * 256: b"1"}), "name that this file system")


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    make_zip(tmp_path / "x", FILES)
    data = bytearray((tmp_path / "x").read_bytes())
    at = data.index(b"PK\1\2")
    data[at + 8] |= 1
    (tmp_path / "x").write_bytes(data)
    refuse(tmp_path / "x", "encrypted")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no archive"),
        (b"hello", "no archive"),
        (b"Rar!\x1a\7\0", "RAR"),
        (b"7z\xbc\xaf\x27\x1c", "7z"),
        (b"PK\3\4 cut off", "incomplete zip"),
        (bytes(10240), "empty"),
    ],
)
def test_what_is_no_archive_says_so(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "x").write_bytes(content)
    refuse(tmp_path / "x", words)


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_a_tar_cut_off_is_refused(tmp_path: Path, mode: str) -> None:
    make_tar(tmp_path / "x", {f"{n}.png": os.urandom(3000) for n in range(20)}, mode)
    os.truncate(tmp_path / "x", (tmp_path / "x").stat().st_size // 2)
    refuse(tmp_path / "x", "damaged|incomplete")


@pytest.mark.parametrize("end", [1024 * 2, 1024 * 3])
def test_a_tar_cut_off_between_two_files_is_not_taken_for_whole(tmp_path: Path, end: int) -> None:
    make_tar(tmp_path / "x", {f"{n}.png": b"x" * 500 for n in range(5)})
    os.truncate(tmp_path / "x", end)
    refuse(tmp_path / "x", "incomplete")


def test_a_tar_with_a_damaged_header_is_not_taken_for_whole(tmp_path: Path) -> None:
    make_tar(tmp_path / "x", {f"{n}.png": b"x" * 500 for n in range(5)})
    data = bytearray((tmp_path / "x").read_bytes())
    data[2048 + 100] ^= 1
    (tmp_path / "x").write_bytes(data)
    refuse(tmp_path / "x", "damaged")


@given(st.sampled_from(["zip", "w", "w:gz", "w:bz2", "w:xz"]), st.data())
@settings(max_examples=200, deadline=None)
def test_damaged_archives_give_a_user_error_or_files_and_nothing_else(tmp_path_factory, kind, draw) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    archive = make_zip(folder / "x", FILES) if kind == "zip" else make_tar(folder / "x", FILES, kind)
    data = bytearray(archive.read_bytes())
    for _ in range(draw.draw(st.integers(1, 8))):
        data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    archive.write_bytes(data)
    try:
        assert unpack(archive, folder / "out") > 0
    except UserError:
        assert [path.name for path in folder.iterdir()] == ["x"]
