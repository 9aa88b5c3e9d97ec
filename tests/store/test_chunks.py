"""How much of a store is read: the chunks that a window touches, and no other."""

import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import voxmill as vm
from image_cases import noise, windows
from stored import chunks_read, chunks_that_intersect, only_image, stored
from voxmill.preview import READ, preview
from voxmill.store import StoredImage, create_store, new_case, open_store, shards, write_image
from voxmill.store.layout import chunk_shape, shard_shape

SHAPE = (70, 150, 330)
REGION = vm.Window((20, 40, 200), (40, 66, 230))


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> StoredImage:
    labels = np.zeros(SHAPE, np.uint8)
    labels[REGION.slices] = 1
    volume = vm.Volume(noise(5, SHAPE, np.int16), spacing=(1, 1, 1))
    return stored(tmp_path_factory.mktemp("chunks") / "store", volume, vm.Mask(labels, volume.grid))


def test_the_shapes_of_chunks_and_shards() -> None:
    assert chunk_shape(SHAPE, 3) == (32, 64, 64)
    assert shard_shape(SHAPE, 3) == (96, 192, 256)
    assert (chunk_shape((5, 70, 6), 3), shard_shape((5, 70, 6), 3)) == ((5, 64, 6), (5, 128, 6))
    assert (chunk_shape((1, 3000, 300), 2), shard_shape((1, 3000, 300), 2)) == ((1, 256, 256), (1, 1024, 512))


@hypothesis_settings(max_examples=30)
@given(data=st.data())
def test_a_window_reads_the_chunks_that_it_touches(image: StoredImage, data: st.DataObject) -> None:
    window = data.draw(windows(SHAPE))
    with pytest.MonkeyPatch.context() as patch, chunks_read(patch) as chunks:
        image.read(window)
    assert chunks.total() == chunks_that_intersect(window, SHAPE, (32, 64, 64))


def test_an_extraction_reads_the_chunks_of_box_and_halo(image: StoredImage) -> None:
    settings = vm.Settings.parse({"images": {"original": {}, "log": {"sigma_mm": [1.0]}}, "features": ["firstorder"]})
    (mask,) = image.masks
    (region,) = preview(image, mask, settings=settings)
    halos = [box.shape for box in region.boxes if box.work == READ]
    z, y, x = ((most - size) // 2 for most, size in zip(max(halos), REGION.shape, strict=True))
    with pytest.MonkeyPatch.context() as patch, chunks_read(patch) as chunks:
        table = vm.extract(image, mask, settings=settings)
    assert not table.failed
    box, halo = (
        chunks_that_intersect(one, SHAPE, (32, 64, 64)) for one in (REGION, REGION.grow((z, y, x)).clip(SHAPE))
    )
    assert chunks == {np.dtype(np.int16): box + halo, np.dtype(np.uint8): box}


def test_opening_and_finding_regions_reads_no_voxel(image: StoredImage, monkeypatch: pytest.MonkeyPatch) -> None:
    with chunks_read(monkeypatch) as chunks:
        again = only_image(open_store(image.folder.parent.parent))
        assert [one.box for one in again.masks[0].segments] == [REGION]
        assert again.facts
    assert not chunks


def test_few_files(image: StoredImage) -> None:
    files = [path for path in (image.folder / "0").rglob("*") if path.is_file()]
    assert len(files) == 1 + 2


def test_windows_that_leave_the_image(image: StoredImage) -> None:
    with pytest.raises(ValueError, match="is not inside an image of shape"):
        image.read(vm.Window((0, 0, 0), (71, 1, 1)))


def test_what_is_read_is_not_to_be_written(image: StoredImage) -> None:
    with pytest.raises(ValueError, match="read-only"):
        image.read(REGION)[0, 0, 0] = 1


@pytest.mark.parametrize("threads", [1, 3])
def test_so_many_threads_compress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads: int) -> None:
    """As many chunks are under way at a time, and what is written does not tell how many."""
    encode, busy, most = shards._encoded, [0], [0]
    lock = threading.Lock()

    def noted(chunk: NDArray[Any]) -> bytes:
        with lock:
            busy[0] += 1
            most[0] = max(most[0], busy[0])
        time.sleep(0.01)
        try:
            return encode(chunk)
        finally:
            with lock:
                busy[0] -= 1

    volume = vm.Volume(noise(5, SHAPE, np.int16), spacing=(1, 1, 1), name="scan")
    one = written(tmp_path / "one", volume, threads=1)
    monkeypatch.setattr(shards, "_encoded", noted)
    assert written(tmp_path / "other", volume, threads=threads) == one
    assert most == [threads]


def written(store: Path, volume: vm.Volume, *, threads: int) -> dict[str, bytes]:
    """All files of an image that was written with so many threads, by their paths in its folder."""
    folder = write_image(new_case(create_store(store), "case"), volume, threads=threads)
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
