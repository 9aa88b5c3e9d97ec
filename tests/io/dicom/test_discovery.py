"""Which files of a folder are taken for DICOM, or for what is left of one."""

from pathlib import Path

import pytest

import voxmill as vm
from dicom_files import write_series
from voxmill.discovery.trees import survey_tree
from voxmill.io.dicom import survey
from voxmill.io.remote import located

LOST = "it is called like a DICOM file and does not begin as one: it is empty, cut off or damaged; copy the file again"


@pytest.mark.parametrize("left", [b"", bytes(100), bytes(100_000), b"\xff\xd8\xff"])
def test_a_slice_whose_content_is_lost_is_told_by_its_name(tmp_path: Path, left: bytes) -> None:
    """The last one, without which the others look whole."""
    last = write_series(tmp_path)[-1]
    last.write_bytes(left)
    assert [(one.path, one.reason) for one in survey(tmp_path).failures] == [(last, f"{last.name}: {LOST}")]
    assert f"1 of the files beside it could not be read: {last.name}: {LOST}" in vm.read_image(tmp_path).notes[-1]


@pytest.mark.parametrize("left", [b"", b"\xff\xd8\xff\xe0" * 100])
def test_what_ends_as_dicom_is_meant_to_be_it(tmp_path: Path, left: bytes) -> None:
    write_series(tmp_path / "scan")
    (tmp_path / "lost.DCM").write_bytes(left)
    (tmp_path / "._lost.DCM").write_bytes(left)  # what some systems keep beside a file
    assert [one.path.name for one in survey(tmp_path).failures] == ["lost.DCM"]


@pytest.mark.parametrize("name", ["notes", "notes.txt", "a001.txt", "1", "other/a001"])
def test_small_files_of_other_kinds_are_passed_over(tmp_path: Path, name: str) -> None:
    write_series(tmp_path)
    (tmp_path / "other").mkdir()
    (tmp_path / name).write_bytes(b"")
    assert survey(tmp_path).failures == ()


def test_a_file_of_another_kind_that_is_called_alike_is_passed_over(tmp_path: Path) -> None:
    write_series(tmp_path)
    (tmp_path / "a999").write_bytes(b"\x89PNG" * 1000)
    assert survey(tmp_path).failures == ()


def test_at_a_url_the_same_is_told(tmp_path: Path) -> None:
    storage = pytest.importorskip("fsspec").filesystem("memory")
    storage.store.clear()
    paths = write_series(tmp_path / "scan")
    paths[-1].write_bytes(b"")
    (tmp_path / "scan" / "2.txt").write_bytes(b"")
    storage.put(str(tmp_path / "scan"), "/scan", recursive=True)
    found = survey_tree(located("memory://scan")).survey
    storage.store.clear()
    assert [one.path.name for one in found.failures] == [paths[-1].name]
