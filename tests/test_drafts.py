"""Drafts: whole files or none, links written through where somebody gave them, causes in the message."""

import os
from pathlib import Path

import pytest

from voxmill.drafts import draft_of
from voxmill.errors import OutputError


def test_a_file_appears_whole_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("old")
    with draft_of(path, suffix=".csv") as draft:
        draft.write_text("new")
        assert path.read_text() == "old"
        assert draft.parent == tmp_path
        assert draft.suffix == ".csv"
    assert path.read_text() == "new"
    assert os.listdir(tmp_path) == ["a.csv"]


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="open files are told by name where there is /proc")
def test_it_lies_on_the_disk_before_it_has_its_name_and_the_name_before_it_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, sync = tmp_path / "a.csv", os.fsync
    synced: list[tuple[str, bool]] = []

    def noted(handle: int) -> None:
        place = Path(os.readlink(f"/proc/self/fd/{handle}"))
        synced.append((place.read_text() if place.is_file() else place.name, path.exists()))
        sync(handle)

    monkeypatch.setattr(os, "fsync", noted)
    with draft_of(path) as draft:
        draft.write_text("new")
    assert synced == [("new", False), (tmp_path.name, True)]


def write_half(path: Path) -> None:
    """Fail in the middle of writing."""
    with path.open("w") as file:
        file.write("half")
        file.write("x" * (1 // 0))


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), draft_of(path) as draft:
        write_half(draft)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.csv"]


def test_a_link_is_replaced_and_what_it_leads_to_stays(tmp_path: Path) -> None:
    (tmp_path / "real.csv").write_text("old")
    (tmp_path / "real").mkdir()
    (tmp_path / "folder").symlink_to(tmp_path / "real")
    link = tmp_path / "folder" / "a.csv"
    link.symlink_to(tmp_path / "real.csv")
    with draft_of(link) as draft:
        draft.write_text("new")
    assert not link.is_symlink()
    assert ((tmp_path / "real" / "a.csv").read_text(), (tmp_path / "real.csv").read_text()) == ("new", "old")


def test_a_link_that_somebody_gave_is_written_through(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "a.csv"
    link.symlink_to(tmp_path / "elsewhere" / "real.csv")
    with draft_of(link, follow=True) as draft:
        draft.write_text("new")
    assert link.is_symlink()
    assert (tmp_path / "elsewhere" / "real.csv").read_text() == "new"
    assert os.listdir(tmp_path / "elsewhere") == ["real.csv"]


def test_the_longest_file_name_works(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 251 + ".csv")
    with draft_of(path, suffix=".seg.nrrd") as draft:
        draft.write_text("new")
    assert path.read_text() == "new"


def test_the_cause_is_in_the_message(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match=r"a\.csv: cannot be written: No such file or directory"),
        draft_of(tmp_path / "missing" / "a.csv") as draft,
    ):
        draft.write_text("new")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="Not a directory"), draft_of(tmp_path / "file" / "a.csv") as draft:
        draft.write_text("new")
    if os.path.exists("/dev/full"):
        with (
            pytest.raises(OutputError, match="No space left on device"),
            draft_of(tmp_path / "a.csv"),
            open("/dev/full", "w") as full,
        ):
            full.write("x")
