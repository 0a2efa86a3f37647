"""An archive that was not finished, was damaged, or was made by somebody else is refused by name (issue 5)."""

from __future__ import annotations

import io
import stat
import tarfile
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from complaints_service.backup.archive import ArchiveWriter, content, extract, extract_all, open_archive, verify
from complaints_service.backup.hold import LEAST_JUMP, numbers_to_skip, round_up
from complaints_service.backup.manifest import FORMAT, BackupError, Manifest, Member, WrongKey, fingerprint
from complaints_service.backup.places import check_key, empty_data_dir
from complaints_service.backup.tools import tools_for
from complaints_service.kept_secrets import secret_key_of

KEY = bytes(range(32))
NOON = datetime(2026, 11, 24, 5, tzinfo=UTC)


def a_manifest(members: list[Member], **values: object) -> Manifest:
    plain = Manifest(
        format=FORMAT,
        service_version="0.1.0",
        made_at=NOON,
        office_time=NOON,
        server_major=18,
        migrations=["0001_clock"],
        secret_fingerprint=fingerprint(KEY),
        with_secret=False,
        tickets=1,
        events=2,
        messages_waiting=0,
        members=members,
    )
    return msgspec.structs.replace(plain, **values).sealed()


async def a_dump() -> AsyncGenerator[bytes]:
    for piece in (b"PGDMP", b"\0" * 700, b"the end"):
        yield piece


async def an_archive(file: Path) -> Path:
    photo = file.with_name("photo")
    photo.write_bytes(b"\xff\xd8" * 600)
    with ArchiveWriter(file) as archive:
        await archive.add_stream("database.dump", a_dump())
        archive.add_file(f"attachments/ab/{'f' * 120}", photo)
        archive.finish(a_manifest(list(archive.members)))
    return file


def refused(file: Path) -> str:
    with pytest.raises(BackupError) as error:
        verify(file, *open_archive(file))
    assert str(file) in str(error.value)
    return str(error.value)


async def test_many_files_come_out_each_as_it_was_and_one_that_is_in_the_way_is_not_overwritten(tmp_path: Path) -> None:
    file, room = tmp_path / "a.tar", tmp_path / "out"
    names = [f"attachments/{number % 7:02x}/{number:032x}-{'f' * 64}" for number in range(700)]
    with ArchiveWriter(file) as archive:
        await archive.add_stream("database.dump", a_dump())
        for name in names:
            archive.add_bytes(name, name.encode())
        archive.finish(a_manifest(list(archive.members)))
    _, places = open_archive(file)
    del places["database.dump"]
    extract_all(file, list(places.items()), room)
    assert {
        path.relative_to(room).as_posix(): path.read_bytes().decode() for path in room.rglob("*") if path.is_file()
    } == {name: name for name in names}
    assert {stat.S_IMODE(path.stat().st_mode) for path in room.rglob("*")} == {0o600, 0o700}
    with pytest.raises(FileExistsError):
        extract_all(file, list(places.items()), room)


async def test_what_went_in_comes_out_and_nobody_else_may_read_it(tmp_path: Path) -> None:
    file = await an_archive(tmp_path / "a.tar")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    manifest, places = open_archive(file)
    verify(file, manifest, places)
    assert content(file, places["database.dump"]) == b"PGDMP" + b"\0" * 700 + b"the end"
    extract(file, places[f"attachments/ab/{'f' * 120}"], tmp_path / "out" / "deep" / "photo")
    assert (tmp_path / "out" / "deep" / "photo").read_bytes() == b"\xff\xd8" * 600
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o700
    assert [path.name for path in tmp_path.glob("*.part")] == []
    with pytest.raises(BackupError, match="overwrites nothing"):
        ArchiveWriter(file)


async def test_left_in_the_middle_it_is_no_archive(tmp_path: Path) -> None:
    file = tmp_path / "a.tar"
    with pytest.raises(KeyError), ArchiveWriter(file) as archive:
        await archive.add_stream("database.dump", a_dump())
        raise KeyError
    assert list(tmp_path.iterdir()) == []


async def test_two_backups_cannot_write_the_same_file(tmp_path: Path) -> None:
    with ArchiveWriter(tmp_path / "a.tar"), pytest.raises(BackupError, match="another backup"):
        ArchiveWriter(tmp_path / "a.tar")


async def test_a_cut_archive_is_refused_wherever_it_was_cut(tmp_path: Path) -> None:
    whole = (await an_archive(tmp_path / "a.tar")).read_bytes()
    file = tmp_path / "cut.tar"
    for length in range(0, len(whole) - 1024, 97):
        file.write_bytes(whole[:length])
        assert "finished" in refused(file) or "damaged" in refused(file)


async def test_a_flipped_bit_is_found_in_every_file(tmp_path: Path) -> None:
    whole = bytearray((await an_archive(tmp_path / "a.tar")).read_bytes())
    file = tmp_path / "flipped.tar"
    _, places = open_archive(tmp_path / "a.tar")
    for name, place in places.items():
        flipped = bytearray(whole)
        flipped[place.offset_data + place.size // 2] ^= 1
        file.write_bytes(flipped)
        assert f"{name} is damaged" in refused(file)
    said = whole.index(b'"tickets": 1')
    whole[said + 11] = ord("9")
    file.write_bytes(whole)
    assert "manifest is damaged" in refused(file)


@pytest.mark.parametrize(
    "name",
    ["attachments/../../etc/passwd", "/attachments/x", "attachments", "other", "attachments/./x", "attachments//x"],
)
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    file = tmp_path / "evil.tar"
    members = [
        Member("database.dump", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        Member(name, 0, ""),
    ]
    _write(file, {"database.dump": b"", name: b"", "manifest.json": msgspec.json.encode(a_manifest(members))})
    assert "no backup has" in refused(file)


def test_files_beside_those_of_the_manifest_links_and_strangers_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "evil.tar"
    manifest = msgspec.json.encode(a_manifest([Member("database.dump", 0, "")]))
    _write(file, {"database.dump": b"", "attachments/more": b"", "manifest.json": manifest})
    assert "not those that the manifest names" in refused(file)
    with tarfile.open(file, "w") as tar:
        link = tarfile.TarInfo("database.dump")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/shadow"
        tar.addfile(link)
        entry = tarfile.TarInfo("manifest.json")
        entry.size = len(manifest)
        tar.addfile(entry, io.BytesIO(manifest))
    assert "holds what no backup holds" in refused(file)
    file.write_text("no tar at all")
    assert "is no finished backup" in refused(file)
    _write(file, {"manifest.json": msgspec.json.encode(a_manifest([], format=2))})
    assert "format 2 is not known" in refused(file)
    assert "is not there" in refused(tmp_path / "nowhere.tar")


def _write(file: Path, members: dict[str, bytes]) -> None:
    with tarfile.open(file, "w") as tar:
        for name, raw in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(raw)
            tar.addfile(entry, io.BytesIO(raw))


def test_only_the_key_that_the_data_depend_on_is_taken(tmp_path: Path) -> None:
    archive, wanted = tmp_path / "a.tar", fingerprint(KEY)
    with pytest.raises(WrongKey, match="does not hold"):
        check_key({}, tmp_path, wanted, archive, None)
    with pytest.raises(WrongKey, match="every tracking code would be wrong"):
        check_key({"COMPLAINTS_SECRET_KEY": "another key that is long enough"}, tmp_path, wanted, archive, KEY)
    with pytest.raises(WrongKey, match="hexadecimal"):
        check_key({"COMPLAINTS_SECRET_KEY": "hex:nonsense"}, tmp_path, wanted, archive, None)
    with pytest.raises(WrongKey, match="write hex: in front"):
        check_key({"COMPLAINTS_SECRET_KEY": KEY.hex()}, tmp_path, wanted, archive, None)
    check_key({"COMPLAINTS_SECRET_KEY": f"hex:{KEY.hex()}"}, tmp_path, wanted, archive, None)
    assert not (tmp_path / "secret.key").exists()
    check_key({}, tmp_path, wanted, archive, KEY)
    assert (tmp_path / "secret.key").read_text() == KEY.hex() + "\n"
    (tmp_path / "secret.key").write_text("00" * 32)
    with pytest.raises(WrongKey, match=r"secret\.key is"):
        check_key({}, tmp_path, wanted, archive, KEY)
    assert secret_key_of(KEY.hex()) != KEY


def test_a_restore_goes_only_into_an_empty_folder_that_nobody_uses(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    with (
        empty_data_dir(folder, embedded=True),
        pytest.raises(BackupError, match="another restore runs"),
        empty_data_dir(folder, embedded=True),
    ):
        pass
    # The mark of the first one stands: it was not finished, and its remains are no data.
    assert (folder / "restoring").is_dir()
    (folder / "attachments" / "ab").mkdir(parents=True)
    with empty_data_dir(folder, embedded=True):
        assert not (folder / "attachments").exists()
        (folder / "restoring").rmdir()
    (folder / "attachments" / "ab").mkdir(parents=True)
    for embedded in (True, False):
        with (
            pytest.raises(BackupError, match="is not empty \\(attachments\\)"),
            empty_data_dir(folder, embedded=embedded),
        ):
            pass


def test_what_is_refused_before_it_began_leaves_no_mark(tmp_path: Path) -> None:
    with pytest.raises(WrongKey), empty_data_dir(tmp_path / "var", embedded=True):
        raise WrongKey
    assert not (tmp_path / "var" / "restoring").exists()


def test_numbers_jump_further_the_longer_nothing_is_known() -> None:
    assert numbers_to_skip(3, timedelta(minutes=5)) == LEAST_JUMP
    assert numbers_to_skip(4_000, timedelta(minutes=5)) == 8_000
    assert numbers_to_skip(4_000, timedelta(days=2, seconds=1)) == 24_000
    assert [round_up(value) for value in (0, 1, 1_000, 1_001)] == [0, 1_000, 1_000, 2_000]


def test_programs_that_are_older_than_the_server_are_refused() -> None:
    assert tools_for(15).major >= 15
    with pytest.raises(BackupError, match=r"pg_dump is older than the server \(99\)"):
        tools_for(99)
