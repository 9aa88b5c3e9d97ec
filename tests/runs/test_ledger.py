"""Ledgers: parts that are whole, one writer, and what is damaged or foreign."""

import json
import os
import random
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from run_script import wait_for
from voxmill.errors import InputError, OutputError
from voxmill.runs import ledger as module
from voxmill.runs.disk import Disk
from voxmill.runs.ledger import LOCK, opened, read_ledger
from voxmill.runs.lock import Holder
from voxmill.runs.records import Outcome, Record

RESULTS = st.dictionaries(
    st.text(max_size=5),
    st.one_of(st.none(), st.integers(-(2**60), 2**60), st.floats(allow_nan=False, allow_infinity=False), st.text()),
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
RECORDS = st.lists(st.builds(Record, TEXTS, TEXTS, st.sampled_from(Outcome), RESULTS, TEXTS, TEXTS, TEXTS), max_size=8)


def record(number: int) -> Record:
    return Record(f"{number:05}", f"case {number}", Outcome.DONE, {"value": number / 3})


@given(RECORDS, st.integers(0, 8))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, records: list[Record], cut: int) -> None:
    folder = tmp_path_factory.mktemp("ledger")
    for some in (records[:cut], records[cut:]):
        with opened(folder) as ledger:
            for one in some:
                ledger.add(one)
    newest = {one.key: one for one in records}
    assert sorted(read_ledger(folder), key=lambda one: one.key) == [newest[key] for key in sorted(newest)]


def test_many_parts_become_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SECONDS", 0)
    monkeypatch.setattr(module, "MANY", 4)
    for begin in (0, 50):
        with opened(tmp_path) as ledger:
            for number in range(begin, begin + 50):
                ledger.add(record(number))
                assert len(list(tmp_path.glob("part-*"))) <= 3 * 4  # 4 of each size: 4, 16, 64 records
    assert list(read_ledger(tmp_path)) == [record(number) for number in range(100)]


def test_a_newer_record_of_a_case_goes_before_an_older_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MANY", 2)
    failed = Record("00001", "case 1", Outcome.FAILED, {}, "read", "InputError", "no")
    for one in (failed, record(2), record(1)):
        with opened(tmp_path) as ledger:
            ledger.add(one)
    assert list(read_ledger(tmp_path)) == [record(2), record(1)]


def test_a_hundred_thousand_records_are_a_few_files(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        for number in range(100_000):
            ledger.add(record(number))
    assert len(list(tmp_path.iterdir())) <= 2 * module.MANY + 2
    with opened(tmp_path) as ledger:
        assert len(ledger.outcomes) == 100_000


def test_a_draft_of_a_killed_run_is_swept_away(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        ledger.add(record(1))
    (tmp_path / "part-00000002-0-x.draft").write_bytes(b"half")
    with opened(tmp_path) as ledger:
        assert list(ledger.outcomes) == ["00001"]
    assert not list(tmp_path.glob("*.draft"))


@pytest.mark.parametrize("content", [b"", b"ARROW1", b"{}"])
def test_a_damaged_part_is_named(tmp_path: Path, content: bytes) -> None:
    with opened(tmp_path) as ledger:
        ledger.add(record(1))
    (part,) = tmp_path.glob("part-*")
    part.write_bytes(content)
    with pytest.raises(InputError, match=f"^{part.name}: this part of a ledger is damaged; delete it"):
        list(read_ledger(tmp_path))


def test_a_ledger_of_another_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ledger.json").write_text(json.dumps({"format_version": 99}))
    with pytest.raises(InputError, match="a ledger of format 99"), opened(tmp_path):
        pass
    (tmp_path / "ledger.json").write_text("what")
    with pytest.raises(InputError, match="no ledger of a run, or it is damaged"):
        list(read_ledger(tmp_path))


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    with opened(tmp_path), pytest.raises(OutputError, match=f"process {os.getpid()} on .* is writing here"):  # noqa: SIM117
        with opened(tmp_path):
            pass
    with opened(tmp_path):
        assert (tmp_path / LOCK).exists()


def test_the_lock_of_a_process_that_has_ended_is_taken_over(tmp_path: Path) -> None:
    gone = replace(Holder.this(), pid=2**22 - 1)
    reused = replace(Holder.this(), begun=Holder.this().begun + 1)
    for holder in (gone, reused):
        (tmp_path / LOCK).write_text(json.dumps(asdict(holder)))
        with opened(tmp_path) as ledger:
            ledger.add(record(1))


@pytest.mark.parametrize(
    "content, said",
    [
        (
            json.dumps({"host": "elsewhere", "pid": 7, "begun": 0, "system": ""}),
            "process 7 on elsewhere is writing here, last seen 0 min",
        ),
        ("", "cannot be read; if none is at work, delete it"),
    ],
)
def test_a_lock_that_may_be_held_is_not_broken(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / LOCK).write_text(content)
    with pytest.raises(OutputError, match=said), opened(tmp_path):
        pass
    assert (tmp_path / LOCK).exists()


def test_a_lock_from_elsewhere_that_gave_no_sign_for_long_is_taken_over(tmp_path: Path) -> None:
    (tmp_path / LOCK).write_text(json.dumps({"host": "elsewhere", "pid": 7, "begun": 0, "system": ""}))
    os.utime(tmp_path / LOCK, (time.time() - 400, time.time() - 400))
    with opened(tmp_path) as ledger:
        ledger.add(record(1))
    assert list(read_ledger(tmp_path)) == [record(1)]


def test_a_run_that_lost_its_lock_writes_nothing_more(tmp_path: Path) -> None:
    with ExitStack() as stack:
        ledger = stack.enter_context(opened(tmp_path))
        ledger.add(record(1))
        (tmp_path / LOCK).write_text("of another")
        with pytest.raises(OutputError, match="another run has taken over here"):
            stack.close()
    assert not list(read_ledger(tmp_path))
    assert (tmp_path / LOCK).read_text() == "of another"


def test_a_lock_that_is_held_is_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voxmill.runs.lock.BEAT_S", 0.01)
    with opened(tmp_path):
        os.utime(tmp_path / LOCK, (0, 0))
        wait_for(lambda: (tmp_path / LOCK).stat().st_mtime > 0)


def test_parts_of_early_versions_are_read(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        ledger.add(record(1))
    (part,) = tmp_path.glob("part-*")
    part.rename(tmp_path / "part-00000001-0.arrow")
    with opened(tmp_path) as ledger:
        ledger.add(record(2))
    assert list(read_ledger(tmp_path)) == [record(1), record(2)]


def test_reading_while_another_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SECONDS", 0)
    monkeypatch.setattr(module, "MANY", 2)
    with opened(tmp_path) as ledger:
        ledger.add(record(0))
        reading = read_ledger(tmp_path)
        assert next(reading) == record(0)
        for number in range(1, 40):
            ledger.add(record(number))
            assert [one.key for one in read_ledger(tmp_path)] == [f"{n:05}" for n in range(number + 1)]
        assert not list(reading)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(OutputError, match="cannot be written to: Not a directory"),
        opened(tmp_path / "file" / "ledger"),
    ):
        pass


class SlowDisk(Disk):
    """Sleeps before or after it writes the content of a part, for so long that another takes the lock over."""

    def __init__(self, meanwhile: Callable[[], None], when: str) -> None:
        self._meanwhile, self._when = meanwhile, when

    def write(self, path: Path, fill: Callable[[BinaryIO], object]) -> None:
        if self._when == "write" and path.name.startswith("part"):
            self._meanwhile()
        super().write(path, fill)

    def rename(self, path: Path, to: Path) -> None:
        if self._when == "rename" and to.name.startswith("part"):
            self._meanwhile()
        super().rename(path, to)


@pytest.mark.parametrize("when", ["write", "rename"])
def test_a_writer_that_wakes_late_takes_nothing_from_another(tmp_path: Path, when: str) -> None:
    def another() -> None:
        (tmp_path / LOCK).unlink()
        with opened(tmp_path) as ledger:
            ledger.add(record(100))

    with ExitStack() as stack:
        late = stack.enter_context(opened(tmp_path, SlowDisk(another, when)))
        late.add(record(1))
        with pytest.raises(OutputError, match=r"another run has taken over here|: No such file"):
            stack.close()
    assert list(read_ledger(tmp_path)) == [record(100)]
    assert not list(tmp_path.glob("*.draft"))


def test_a_part_that_has_gone_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SECONDS", 0)
    monkeypatch.setattr(module, "MANY", 3)
    with opened(tmp_path) as ledger:
        ledger.add(record(0))
        ledger.add(record(1))
        min(tmp_path.glob("part-*")).unlink()
        with pytest.raises(OutputError, match=r"the ledger cannot be written: .*No such file"):
            ledger.add(record(2))


def test_more_parts_than_files_that_may_be_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import resource

    monkeypatch.setattr(module, "SECONDS", 0)
    monkeypatch.setattr(module, "MANY", 1000)
    with opened(tmp_path) as ledger:
        for number in range(60):
            ledger.add(record(number))
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    os.close(lowest := os.dup(0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest + 20, before[1]))
    try:
        monkeypatch.setattr(module, "MANY", 30)
        with opened(tmp_path) as ledger:
            ledger.add(record(60))
        assert len(list(read_ledger(tmp_path))) == 61
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_no_flipped_bit_makes_other_records(tmp_path: Path) -> None:
    records = [record(number) for number in range(50)]
    with opened(tmp_path) as ledger:
        for one in records:
            ledger.add(one)
    (part,) = tmp_path.glob("part-*")
    content = part.read_bytes()
    draw, same = random.Random(1), 0
    for _ in range(300):
        at = draw.randrange(len(content))
        part.write_bytes(content[:at] + bytes([content[at] ^ 1 << draw.randrange(8)]) + content[at + 1 :])
        with suppress(InputError):
            assert list(read_ledger(tmp_path)) == records
            same += 1
    assert same < 100
