"""Whatever stops a writer and wherever: what is half-written is never taken for whole, and can be written again."""

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import zarr
from pydantic import JsonValue
from zarr.core.buffer import Buffer
from zarr.storage import LocalStore

import voxmill as vm
from image_cases import noise
from small_images import case
from stored import only_image, write_case
from voxmill.store import create_store, finish_case, new_case, open_store, shards, write_image, write_mask, writing

as_root = pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="needs to be root to mount")
WRITER = """
import sys
import numpy as np
import voxmill as vm
from voxmill.store import create_store, new_case, write_image
voxels = np.random.default_rng(1).integers(0, 1000, (512, 256, 256)).astype(np.int16)
case = new_case(create_store(sys.argv[1]), "patient")
print("ready", flush=True)
write_image(case, vm.Volume(voxels, spacing=(1, 1, 1)))
print("done", flush=True)
"""


class Disk:
    """Lets so many files be written, then is full."""

    def __init__(self, patch: pytest.MonkeyPatch, files: int) -> None:
        self.left, put, write = files, LocalStore.set, shards._write

        async def put_limited(store: LocalStore, key: str, value: Buffer) -> None:
            self.take()
            await put(store, key, value)

        def write_limited(path: Path, chunks: dict[tuple[int, ...], bytes], count: tuple[int, ...]) -> None:
            self.take()
            write(path, chunks, count)

        patch.setattr(LocalStore, "set", put_limited)
        patch.setattr(shards, "_write", write_limited)

    def take(self) -> None:
        """Room for one file."""
        self.left -= 1
        if self.left < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def written(store: Path) -> None:
    image, mask = case()
    write_case(store, image, vm.Mask.of_layers([mask.layers[0], mask.layers[0]], mask.grid, name="twice"))


def failure(files: int, write: Callable[[], object]) -> str:
    """What writing says when the disk is full after so many files; nothing where there is room."""
    with pytest.MonkeyPatch.context() as patch:
        Disk(patch, files)
        try:
            write()
        except vm.OutputError as error:
            return str(error)
    return ""


def test_a_disk_that_is_full_after_any_file(tmp_path: Path) -> None:
    stores = (partial(written, tmp_path / f"enough-{files}") for files in range(100))
    enough = next(files for files, write in enumerate(stores) if not failure(files, write))
    assert enough > 8
    for files in range(enough):
        store = tmp_path / str(files)
        said = failure(files, partial(written, store))
        assert said.endswith(": cannot be written to the store: no space left on device; nothing of it was kept")
        assert str(tmp_path) not in said
        assert files == 0 or open_store(store).cases == ()
        assert not list(store.rglob("*.draft"))
        written(store)
        assert only_image(open_store(store)).load().digest == case()[0].digest


def test_a_mask_that_fails_leaves_image_and_other_masks(tmp_path: Path) -> None:
    image, mask = case()
    folder = write_case(tmp_path / "store", image, mask)
    more = vm.Mask.of_layers([mask.layers[0], mask.layers[0]], mask.grid, name="more")
    for files in range(6):
        assert "no space left" in failure(files, lambda: write_mask(folder, more))
        found = only_image(open_store(tmp_path / "store"))
        assert [one.name for one in found.masks] == ["labels"]
        assert sorted(path.name for path in (folder / "labels").iterdir() if path.is_dir()) == ["labels-0"]
    write_mask(folder, more)
    assert [one.name for one in only_image(open_store(tmp_path / "store")).masks] == ["labels", "more"]


def test_an_image_without_its_case_being_finished(tmp_path: Path) -> None:
    write_image(new_case(create_store(tmp_path / "store"), "one"), case()[0])
    store = open_store(tmp_path / "store")
    assert (store.cases, store.incomplete) == ((), ("one",))
    with pytest.raises(vm.InputError, match=r"^one: the case was not written to its end; convert it again$"):
        store.case("one")


def test_an_interrupted_image_of_a_case(tmp_path: Path) -> None:
    folder = write_case(tmp_path / "store", case()[0])
    (folder / "zarr.json").unlink()
    (found,) = open_store(tmp_path / "store").cases
    assert (found.images, found.incomplete) == ((), ("scan",))


def test_a_case_is_whole_once_all_of_it_lies_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_disk: dict[int, tuple[int, int]] = {}

    def state(path: Path) -> tuple[int, int]:
        about = path.stat()
        return (about.st_size, about.st_mtime_ns) if path.is_file() else (0, about.st_mtime_ns)

    def sync(handle: int) -> None:
        about, path = os.fstat(handle), Path(f"/dev/fd/{handle}")
        on_disk[about.st_ino] = state(path)

    def unsettled() -> list[str]:
        every = [store, *store.rglob("*")]
        return [path.name for path in every if on_disk.get(path.stat().st_ino) != state(path)]

    def write_marker(folder: Path, attributes: Mapping[str, JsonValue]) -> None:
        before.extend(unsettled())
        write_group(folder, attributes)

    monkeypatch.setattr(os, "fsync", sync)
    store, write_group, before = create_store(tmp_path / "store"), writing._write_group, list[str]()
    image, mask = case()
    folder = new_case(store, "case")
    write_mask(write_image(folder, image), mask)
    assert len(unsettled()) > 8
    monkeypatch.setattr(writing, "_write_group", write_marker)
    finish_case(folder, "case")
    assert before == unsettled() == []


@pytest.mark.skipif(os.name != "posix", reason="a limit of the size of files")
def test_a_shard_that_does_not_fit_leaves_nothing(tmp_path: Path) -> None:
    array = zarr.create_array(tmp_path / "0", shape=(8, 8, 8), dtype="u2", chunks=(4, 4, 4), shards=(8, 8, 8))
    voxels = np.random.default_rng(1).integers(0, 2**16, (8, 8, 8)).astype("u2")
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            shards.write_shards(array, tmp_path / "0", voxels, 0, 1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["zarr.json"]


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_a_killed_writer(tmp_path: Path) -> None:
    store = tmp_path / "store"
    for files in (0, 1, 3):
        command = [sys.executable, "-c", WRITER, str(store)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
            deadline = time.monotonic() + 60
            while len(list(store.glob("patient/image/0/c/*/*/*"))) < files and time.monotonic() < deadline:
                time.sleep(0.001)
            writer.send_signal(signal.SIGKILL)
        assert open_store(store).cases == ()
    volume = vm.Volume(noise(1, (3, 4, 5), "i2"), spacing=(1, 1, 1))
    patient = new_case(store, "patient")
    assert not patient.exists()
    write_image(patient, volume)
    finish_case(patient, "patient")
    assert only_image(open_store(store)).load().digest == volume.digest


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 256 kB."""
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", tmp_path], capture_output=True).returncode:
        pytest.skip("may not mount")
    yield tmp_path
    subprocess.run(["umount", "-l", tmp_path], check=True)


@as_root
def test_a_small_disk(small_disk: Path) -> None:
    volume = vm.Volume(np.random.default_rng(1).integers(0, 2**16, (64, 64, 64)).astype("u2"), spacing=(1, 1, 1))
    store = create_store(small_disk / "store")
    with pytest.raises(vm.OutputError, match=r"^image: cannot be written to the store: no space left on device; "):
        write_image(new_case(store, "large"), volume)
    write_case(store, *case(), name="small")
    assert open_store(store).names == ("small",)
