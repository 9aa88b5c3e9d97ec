"""Shards as they are written here are those that zarr-python writes: of any type and shape, whole and at the ends."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from voxmill.store.layout import codecs
from voxmill.store.shards import write_shards

TYPES = ("b1", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8", ">i2")
SIZES = st.integers(1, 13)


def create(folder: Path, voxels: NDArray[Any]) -> "zarr.Array[Any]":
    """An array for these voxels: chunks of (2, 3, 2), two or three of them along every axis of a shard."""
    return zarr.create_array(
        folder,
        shape=voxels.shape,
        dtype=voxels.dtype.newbyteorder("="),
        chunks=(2, 3, 2),
        shards=(4, 6, 6),
        compressors=codecs(),
        fill_value=0,
        config={"write_empty_chunks": True},
        overwrite=True,
    )


def sizes(folder: Path) -> dict[str, int]:
    """The bytes of every shard."""
    return {str(path.relative_to(folder)): path.stat().st_size for path in folder.glob("c/*/*/*")}


@pytest.mark.parametrize("threads", [1, 2])
@given(shape=st.tuples(SIZES, SIZES, SIZES), dtype=st.sampled_from(TYPES), seed=st.integers(0, 9))
@settings(max_examples=40, deadline=None)
def test_shards_are_those_of_zarr(
    tmp_path_factory: pytest.TempPathFactory, threads: int, shape: tuple[int, int, int], dtype: str, seed: int
) -> None:
    voxels = np.random.default_rng(seed).integers(0, 100, shape).astype(dtype)
    folder = tmp_path_factory.mktemp("arrays")
    ours, theirs = create(folder / "ours", voxels), create(folder / "theirs", voxels)
    for start in range(0, shape[0], 4):
        write_shards(ours, folder / "ours", voxels[start : start + 4], start, threads)
    theirs[...] = voxels
    assert np.array_equal(np.asarray(ours[...]), voxels)
    assert sizes(folder / "ours") == sizes(folder / "theirs")
