"""The power fails at any call: what the ledger said lies on the disk does, and nothing there is half a part."""

import random
from pathlib import Path

import pytest

from bad_disks import ForgetfulDisk, FullDisk
from voxmill.errors import InputError, OutputError
from voxmill.runs import ledger as module
from voxmill.runs.disk import Disk
from voxmill.runs.ledger import LOCK, forget, opened, read_ledger
from voxmill.runs.lock import Holder
from voxmill.runs.records import Outcome, Record

RECORDS = 200


def record(number: int) -> Record:
    return Record(f"{number:05}", f"case {number}", Outcome.DONE, {"value": number / 3})


class Watching(ForgetfulDisk):
    """Looks, after every call, at what would be left; `promised` says how many records must be among it."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder, self.promised, self.looks = folder, 0, 0

    def sync(self, path: Path, handle: int) -> None:
        super().sync(path, handle)
        self.look()

    def rename(self, path: Path, to: Path) -> None:
        super().rename(path, to)
        self.look()

    def link(self, path: Path, to: Path) -> None:
        super().link(path, to)
        self.look()

    def remove(self, path: Path) -> None:
        super().remove(path)
        self.look()

    def look(self) -> None:
        """Fails where records are missing that were promised, or the ledger or its lock cannot be read."""
        self.looks += 1
        left = self.folder.with_name("left")
        self.after_the_failure(self.folder, left)
        there = {one.key for one in read_ledger(left)}
        missing = {record(number).key for number in range(self.promised)} - there
        assert not missing
        if (lock := left / LOCK).exists():
            assert Holder.parse(lock.read_text()) == Holder.this()
            lock.unlink()  # it is held
        with opened(left) as ledger:
            assert set(ledger.outcomes) == there


def written(folder: Path, disk: Watching, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write RECORDS, some at a time, with parts that are joined often."""
    monkeypatch.setattr(module, "SECONDS", float("inf"))
    monkeypatch.setattr(module, "MANY", 3)
    draw = random.Random(1)
    with opened(folder, disk) as ledger:
        number = 0
        while number < RECORDS:
            for _ in range(draw.randint(1, 12)):
                ledger.add(record(number))
                number += 1
            ledger.flush()
            disk.promised = number
            disk.look()


def test_nothing_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Watching(tmp_path / "ledger")
    written(tmp_path / "ledger", disk, monkeypatch)
    assert disk.looks > 150


def no_sync(disk: Disk, path: Path, handle: int) -> None:
    """As if content and names lay on the disk at once."""


def no_settle(disk: Disk, folder: Path) -> None:
    """As if names lay on the disk at once."""


def test_without_the_syncs_it_would_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Watching, "sync", no_sync)
    with pytest.raises(AssertionError):
        written(tmp_path / "ledger", Watching(tmp_path / "ledger"), monkeypatch)


def test_without_settling_names_it_would_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Watching, "settle", no_settle)
    with pytest.raises(AssertionError):
        written(tmp_path / "ledger", Watching(tmp_path / "ledger"), monkeypatch)


def test_without_the_sync_of_content_a_part_would_be_half_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def only_names(disk: Watching, path: Path, handle: int) -> None:
        if path.is_dir():
            ForgetfulDisk.sync(disk, path, handle)
            disk.look()

    monkeypatch.setattr(Watching, "sync", only_names)
    with pytest.raises(InputError, match="damaged"):
        written(tmp_path / "ledger", Watching(tmp_path / "ledger"), monkeypatch)


def test_without_the_sync_of_the_lock_it_would_be_half_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sync = Watching.sync

    def but_the_lock(disk: Watching, path: Path, handle: int) -> None:
        if not path.name.startswith(LOCK):
            sync(disk, path, handle)

    monkeypatch.setattr(Watching, "sync", but_the_lock)
    with pytest.raises(AssertionError):
        written(tmp_path / "ledger", Watching(tmp_path / "ledger"), monkeypatch)


def test_without_the_rename_a_part_would_be_half_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "with_suffix", lambda self, suffix: self)  # its draft has its name already
    monkeypatch.setattr(Watching, "rename", lambda disk, path, to: None)

    def torn(disk: Watching, path: Path, fill: object) -> None:
        path.write_bytes(b"half")
        disk.settle(path.parent)

    monkeypatch.setattr(Watching, "write", torn)
    with pytest.raises(InputError, match="damaged"):
        written(tmp_path / "ledger", Watching(tmp_path / "ledger"), monkeypatch)


@pytest.mark.parametrize("files", range(12))
def test_of_a_disk_that_is_full_nothing_is_lost(tmp_path: Path, files: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SECONDS", 0)
    monkeypatch.setattr(module, "MANY", 3)
    added: list[Record] = []
    with pytest.raises(OutputError, match="No space left on device"):
        _fill(tmp_path / "ledger", FullDisk(files), added)
    there = list(read_ledger(tmp_path / "ledger"))
    assert there == added[: len(there)]
    assert len(there) >= len(added) - 1
    with opened(tmp_path / "ledger") as ledger:
        ledger.add(record(99))
    assert list(read_ledger(tmp_path / "ledger")) == [*there, record(99)]
    assert not list((tmp_path / "ledger").glob("*.draft"))


def _fill(folder: Path, disk: Disk, added: list[Record]) -> None:
    with opened(folder, disk) as ledger:
        for number in range(30):
            added.append(record(number))
            ledger.add(record(number))


def test_what_is_forgotten_does_not_come_back(tmp_path: Path) -> None:
    disk = ForgetfulDisk()
    with opened(tmp_path / "ledger", disk) as ledger:
        for number in range(4):
            ledger.add(record(number))
            ledger.flush()
        forget(ledger, frozenset({record(1).key}))
        assert set(ledger.outcomes) == {record(number).key for number in (0, 2, 3)}
        disk.after_the_failure(tmp_path / "ledger", tmp_path / "left")
    for folder in ("ledger", "left"):
        assert list(read_ledger(tmp_path / folder)) == [record(number) for number in (0, 2, 3)]
