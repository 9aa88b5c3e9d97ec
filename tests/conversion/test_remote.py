"""Sources at URLs: a real server of HTTP, memory, archives; fetched while they are needed, and no longer."""

import errno
import shutil
import sys
import tempfile
import threading
import zipfile
from collections.abc import Iterator, Sequence
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import fsspec
import numpy as np
import pyarrow.parquet as pq
import pytest
import SimpleITK as sitk

import voxmill as vm
from dicom_masks import segments, write_scan, write_segmentation
from small_images import write_case
from voxmill.conversion import Converted, convert
from voxmill.errors import InputError, OutputError
from voxmill.io.fetching import fetched, stamps_of
from voxmill.io.remote import Remote, located
from voxmill.passing import Unreachable


class Quiet(SimpleHTTPRequestHandler):
    """Says nothing of requests."""

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(autouse=True)
def _empty_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever happens, no copy stays."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield
    assert list(folder.iterdir()) == []


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder and the URL that it is served at."""
    folder = tmp_path / "served"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield folder, f"http://127.0.0.1:{http.server_port}"
        http.shutdown()
        thread.join()


@pytest.fixture
def memory() -> Iterator[fsspec.AbstractFileSystem]:
    """An empty storage in memory."""
    storage = fsspec.filesystem("memory")
    storage.store.clear()
    yield storage
    storage.store.clear()


def sentences(done: Converted) -> list[str]:
    """Why what could not be read could not."""
    return [str(row["sentence"]) for row in pq.read_table(done.failures).to_pylist()]


def assert_one_study(done: Converted, tree: Path) -> None:
    """A study of write_tree, as it is on this machine."""
    (case,) = vm.open_store(done.store).cases
    (image,) = case.images
    assert np.array_equal(image.load().array, vm.read_image(tree / "scan 1").array)
    assert [len(mask.segments) for mask in image.masks] == [3]


def write_tree(folder: Path) -> Path:
    """A study of a series and a segmentation of it, and a letter."""
    scan = write_scan(folder / "scan 1")
    (folder / "b" / "c").mkdir(parents=True)
    write_segmentation(folder / "b" / "c" / "seg.dcm", scan, segments())
    (folder / "letter.txt").write_text("Dear Ada")
    return folder


def upload(storage: fsspec.AbstractFileSystem, folder: Path, to: str) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            storage.pipe(f"/{to}/{path.relative_to(folder).as_posix()}", path.read_bytes())


def test_a_table_at_a_url_has_the_rows_of_its_files(tmp_path: Path, server: tuple[Path, str]) -> None:
    folder, url = server
    (folder / "da ta").mkdir()
    image, mask = write_case(folder / "da ta")
    (folder / "cases.csv").write_text(f"image,mask,case\nda ta/{image.name},{url}/da%20ta/{mask.name},one\n")
    done = convert(f"{url}/cases.csv", tmp_path / "cohort.zarr")
    stored, files = vm.extract_store(vm.open_store(done.store)), vm.extract(image, mask)
    assert [row.features for row in stored.rows] == [row.features for row in files.rows]
    assert convert(f"{url}/cases.csv", done.store).progress.before == 1
    image.write_bytes(image.read_bytes() + b" ")
    assert convert(f"{url}/cases.csv", done.store).progress.done == 1
    sitk.WriteImage(sitk.ReadImage(image) + 1, image)
    again = convert(f"{url}/cases.csv", done.store)
    assert "already, of other files, or these have changed" in sentences(again)[0]


def test_a_table_of_this_machine_may_name_urls(tmp_path: Path, memory: fsspec.AbstractFileSystem) -> None:
    image, mask = write_case(tmp_path)
    memory.pipe("/far/scan.nrrd", image.read_bytes())
    rows = [
        f"memory://far/scan.nrrd,{mask.name},one",
        f"{image.as_uri()},{mask.name},two",
        "memory://far/gone.nrrd,,three",
    ]
    (tmp_path / "cases.csv").write_text("\n".join(["image,mask,case", *rows]))
    done = convert(tmp_path / "cases.csv", tmp_path / "cohort.zarr", workers=0)
    assert (done.progress.done, done.progress.failed) == (2, 1)
    assert len({tuple(row.features.values()) for row in vm.extract_store(vm.open_store(done.store)).rows}) == 2
    (said,) = sentences(done)
    assert said.startswith("row 3: name-")
    assert said.endswith("there is no such file or folder at its URL, or no server; check the URL")


def test_other_processes_fetch_too(tmp_path: Path, server: tuple[Path, str]) -> None:
    folder, url = server
    image, mask = write_case(folder)
    (folder / "cases.csv").write_text(f"image,mask,case\n{image.name},{mask.name},one\n{image.name},,two\n")
    assert convert(f"{url}/cases.csv", tmp_path / "cohort.zarr", workers=1).progress.done == 2


@pytest.mark.parametrize("batch", [2, 64])
def test_a_tree_in_memory(
    tmp_path: Path, memory: fsspec.AbstractFileSystem, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    tree = write_tree(tmp_path / "in")
    upload(memory, tree, "hospital")
    monkeypatch.setattr("voxmill.discovery.trees.BATCH", batch)
    done = convert("memory://hospital", tmp_path / "cohort.zarr")
    assert_one_study(done, tree)
    assert convert("memory://hospital/", done.store).progress.before == 1


def test_a_tree_on_the_web(tmp_path: Path, server: tuple[Path, str]) -> None:
    folder, url = server
    write_tree(folder)
    assert_one_study(convert(url, tmp_path / "cohort.zarr"), folder)


def test_a_tree_in_an_archive(tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "in")
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        for path in tree.rglob("*"):
            archive.write(path, path.relative_to(tree.parent))
        archive.writestr("../../outside.dcm", (tree / "letter.txt").read_bytes())
    done = convert(f"zip://in::{tmp_path / 'export.zip'}", tmp_path / "cohort.zarr")
    assert_one_study(done, tree)
    whole = convert(f"zip://::{tmp_path / 'export.zip'}", tmp_path / "whole.zarr")
    assert_one_study(whole, tree)
    assert not (tmp_path / "outside.dcm").exists()


def test_a_series_and_a_header_with_its_voxels_are_fetched_whole(
    tmp_path: Path, memory: fsspec.AbstractFileSystem
) -> None:
    write_scan(tmp_path / "in" / "series")
    image, _ = write_case(tmp_path)
    sitk.WriteImage(sitk.ReadImage(str(image)), str(tmp_path / "in" / "scan.mhd"))
    upload(memory, tmp_path / "in", "far")
    memory.pipe("/far/cases.csv", b"image,case\nseries,one\nscan.mhd,two\n")
    done = convert("memory://far/cases.csv", tmp_path / "cohort.zarr", keep_ids=True)
    store = vm.open_store(done.store)
    for name, path in (("one", tmp_path / "in" / "series"), ("two", image)):
        assert np.array_equal(store.case(name).images[0].load().array, vm.read_image(path).array)


def test_voxels_of_another_folder_are_not_those_of_a_header(tmp_path: Path, memory: fsspec.AbstractFileSystem) -> None:
    for folder, value in (("data", 1), ("data/visit2", 7)):
        (tmp_path / folder).mkdir(parents=True)
        image = sitk.GetImageFromArray(np.full((3, 4, 5), value, dtype=np.int16))
        sitk.WriteImage(image, str(tmp_path / folder / "scan.mhd"))
    upload(memory, tmp_path / "data", "data")
    place = Remote("memory://data/scan.mhd")
    assert [one.url for one in place.parts] == ["memory://data/scan.mhd", "memory://data/scan.raw"]
    (case,) = vm.open_store(convert(place.url, tmp_path / "cohort.zarr").store).cases
    assert np.unique(case.images[0].load().array).tolist() == [1]


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        archive.writestr("in/a/scan", b"1")
        archive.writestr("in/./a/scan", b"2")
    with (
        pytest.raises(Unreachable, match="scan: two files at its URL have this name"),
        fetched([Remote(f"zip://in::{tmp_path / 'export.zip'}")]),
    ):
        pass


def test_an_archive_does_not_write_outside_of_its_copy(tmp_path: Path) -> None:
    write_scan(tmp_path / "in")
    (slice_, *_) = (tmp_path / "in").iterdir()
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        archive.write(slice_, "series/sound.dcm")
        archive.writestr("series/../../../evil.dcm", slice_.read_bytes())
        archive.writestr("cases.csv", "image,case\nseries,one\n")
    done = convert(f"zip://cases.csv::{tmp_path / 'export.zip'}", tmp_path / "cohort.zarr")
    assert done.progress.failed == 1
    assert "this name leads out of its folder, and is not followed" in sentences(done)[0]


def test_one_file_at_a_url(tmp_path: Path, memory: fsspec.AbstractFileSystem) -> None:
    image, _ = write_case(tmp_path)
    memory.pipe("/far/scan.nrrd", image.read_bytes())
    (slice_, *_) = sorted(write_tree(tmp_path / "in").glob("scan 1/*"))
    memory.pipe("/far/slice", slice_.read_bytes())
    assert convert("memory://far/scan.nrrd", tmp_path / "a.zarr").progress.done == 1
    assert convert("memory://far/slice", tmp_path / "b.zarr").progress.done == 1


def test_a_file_that_cannot_be_fetched_is_left_out_and_the_rest_goes_on(
    tmp_path: Path, memory: fsspec.AbstractFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = write_tree(tmp_path / "in")
    upload(memory, tree, "hospital")
    fetch = type(memory).get_file

    def refusing(storage: fsspec.AbstractFileSystem, path: str, target: str, **more: object) -> None:
        if path.endswith("letter.txt"):
            raise PermissionError(path)
        fetch(storage, path, target, **more)

    monkeypatch.setattr(type(memory), "get_file", refusing)
    done = convert("memory://hospital", tmp_path / "cohort.zarr")
    assert_one_study(done, tree)
    (said,) = sentences(done)
    assert said.endswith("no permission to read it; check the credentials in the environment")
    assert "letter" not in said


@pytest.fixture
def flaky(memory: fsspec.AbstractFileSystem, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ends of paths that the storage refuses, each as often as it is named there."""
    fetch, refused = type(memory).get_file, list[str]()

    def refusing(storage: fsspec.AbstractFileSystem, path: str, target: str, **more: object) -> None:
        for end in refused:
            if path.endswith(end):
                refused.remove(end)
                raise OSError("503 Slow Down")
        fetch(storage, path, target, **more)

    monkeypatch.setattr(type(memory), "get_file", refusing)
    monkeypatch.setattr("voxmill.io.storage.WAITS", (0.0, 0.0))
    return refused


def test_what_a_busy_server_refuses_is_asked_for_again(
    tmp_path: Path, memory: fsspec.AbstractFileSystem, flaky: list[str]
) -> None:
    tree = write_tree(tmp_path / "in")
    upload(memory, tree, "hospital")
    last = max((tree / "scan 1").iterdir()).name
    flaky += [last] * 2
    done = convert("memory://hospital", tmp_path / "cohort.zarr")
    assert done.unread == 0
    assert_one_study(done, tree)


def test_a_slice_that_is_not_fetched_fails_its_series_until_it_is(
    tmp_path: Path, memory: fsspec.AbstractFileSystem, flaky: list[str]
) -> None:
    tree = write_tree(tmp_path / "in")
    upload(memory, tree, "hospital")
    last = max((tree / "scan 1").iterdir()).name
    flaky += [last] * 6
    done = convert("memory://hospital", tmp_path / "cohort.zarr")
    assert flaky == []
    assert done.not_read == {"case": 1, "file": 1}
    assert (
        sum("a file in its folder could not be fetched, and may be one of its slices" in one for one in sentences(done))
        == 1
    )
    assert_one_study(convert("memory://hospital", done.store), tree)
    flaky += [last] * 6
    later = convert("memory://hospital", done.store)
    assert later.not_read == {"image": 1, "file": 1}
    assert_one_study(later, tree)
    whole = convert("memory://hospital", done.store)
    assert whole.unread == 0
    assert_one_study(whole, tree)


def test_rows_of_a_table_at_a_url_stay_there(tmp_path: Path, memory: fsspec.AbstractFileSystem) -> None:
    image, _ = write_case(tmp_path)
    rows = [str(image), image.as_uri(), "../scan.nrrd", "scan.nrrd"]
    memory.pipe("/scan.nrrd", image.read_bytes())
    memory.pipe("/far/scan.nrrd", image.read_bytes())
    memory.pipe("/far/cases.csv", "\n".join(["image,case", *(f"{row},{at}" for at, row in enumerate(rows))]).encode())
    done = convert("memory://far/cases.csv", tmp_path / "cohort.zarr")
    assert (done.progress.done, done.not_read) == (1, {"row": 3})
    assert all("its path leads out of the folder at the URL" in said for said in sentences(done))


@pytest.mark.parametrize(
    "source, said",
    [
        ("s3://bucket/secret/cases.csv", "s3:// needs one more package; Install s3fs"),
        ("nope://secret/cases.csv", "cases.csv: it cannot be fetched (ValueError)"),
        ("http://127.0.0.1:9/secret/cases.csv?token=secret", "cases.csv: there is no such file or folder at its URL"),
        ("zip://secret/a.csv::nowhere.zip", "a.csv: there is no such file or folder at its URL"),
        ("ftp://user:secret@127.0.0.1:9", "source: it cannot be fetched (ConnectionRefusedError)"),
        ("memory://none?sig=secret", "none: there is no such file or folder at its URL"),
        ("memory://secret/none", "none: there is no such file or folder at its URL"),
    ],
)
def test_urls_that_lead_nowhere(tmp_path: Path, source: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        convert(source, tmp_path / "cohort.zarr")
    assert str(caught.value).startswith(said)
    assert "secret" not in str(caught.value)


def test_a_store_is_no_url(tmp_path: Path) -> None:
    image, _ = write_case(tmp_path)
    with pytest.raises(OutputError, match="a store is written to a folder of this machine, not to a URL"):
        convert(image, "s3://bucket/cohort.zarr")


def test_without_fsspec_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(InputError, match=r"needs fsspec: pip install 'voxmill\[remote\]'"):
        convert("memory://a", tmp_path / "cohort.zarr")


@pytest.mark.parametrize(
    "url, name, parent",
    [
        ("s3://bucket/a b/c?.nrrd", "c?.nrrd", "s3://bucket/a b"),
        ("https://user:pw@host/a/b%20c.nrrd?token=x", "b c.nrrd", "https://user:pw@host/a"),
        ("zip://a/b.nrrd::s3://bucket/c.zip", "b.nrrd", "zip://a::s3://bucket/c.zip"),
        ("zip://::s3://bucket/c.zip", "c.zip", "zip://::s3://bucket/c.zip"),
        ("simplecache::s3://bucket/c.nrrd", "c.nrrd", "simplecache::s3://bucket"),
        ("ftp://user:pw@host", "source", "ftp://"),
        ("ftp://user:p?w=x@host/a/b.dcm", "source", "ftp://"),
        ("sftp://user:pw@host/a/b.dcm", "b.dcm", "sftp://user:pw@host/a"),
        ("webdav+https://user:pw@host/a@b.dcm", "a@b.dcm", "webdav+https://user:pw@host"),
        ("s3://key:pw@bucket", "source", "s3://"),
        ("az://box/x.nii.gz?sv=1&sig=a/b", "x.nii.gz", "az://box"),
        ("zip://::ftp://user:pw@host", "source", "zip://::ftp://user:pw@host"),
    ],
)
def test_names_of_urls(url: str, name: str, parent: str) -> None:
    assert (Remote(url).name, Remote(url).parent.url) == (name, parent)


def test_what_is_a_url(tmp_path: Path) -> None:
    assert located("file:///a/b%20c") == Path("/a/b c")
    assert located("C:\\data") == Path("C:\\data")
    assert located("a.nrrd", tmp_path) == tmp_path / "a.nrrd"
    assert located("x y.nrrd", Remote("https://host/a?token=x")) == Remote("https://host/a/x%20y.nrrd")


def test_what_is_larger_than_the_temporary_folder_is_not_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zipfile.ZipFile(tmp_path / "export.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/large.nii", bytes(1_000_000))
        archive.writestr("a/small.nii", bytes(1000))
    large, small = (Remote(f"zip://a/{name}.nii::{tmp_path / 'export.zip'}") for name in ("large", "small"))
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1_000_500))
    with fetched([large]) as (copy,):
        assert copy.stat().st_size == 1_000_000
    for places in ([large, small], [Remote(f"zip://a::{tmp_path / 'export.zip'}")]):
        with (
            pytest.raises(Unreachable, match=r"1001000 bytes are to be fetched, .* has room for 1000500; name"),
            fetched(places),
        ):
            pass


def test_a_full_temporary_folder_ends_the_run(
    tmp_path: Path, memory: fsspec.AbstractFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.pipe("/a.nrrd", b"1")

    def full(*_: object, **__: object) -> Sequence[str]:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(type(memory), "get", full)
    with pytest.raises(OutputError, match="the temporary folder is full"), fetched([Remote("memory://a.nrrd")]):
        pass
    assert stamps_of(Remote("memory://gone.nrrd")) == [("gone.nrrd", 0, 0)]
