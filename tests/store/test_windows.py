"""Windows as they are read here are those that zarr-python reads, whoever wrote the array, and however."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from zarr.codecs import BloscCodec, BytesCodec, Crc32cCodec, GzipCodec, ShardingCodec

from image_cases import noise, windows
from voxmill.grid import Window
from voxmill.store.arrays import StoredArray
from voxmill.store.layout import codecs
from voxmill.store.windows import Shards

SHAPE = (13, 11, 17)
TYPES = ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8")
INNER = (BytesCodec(endian="little"), *codecs())
INDEX = (BytesCodec(endian="little"), Crc32cCodec())


def create(folder: Path, dtype: str, others: Mapping[str, Any] = {}) -> "zarr.Array[Any]":
    """An array with a file for every shard; of chunks that hold the fill value alone, none is written."""
    known: dict[str, Any] = {"chunks": (2, 3, 4), "shards": (4, 6, 8), "compressors": codecs(), "fill_value": 7}
    array = zarr.create_array(folder, shape=SHAPE, dtype=dtype, **{**known, **others})
    array[...] = 7
    array[3:9, 2:8, 5:12] = noise(3, (6, 6, 7), np.dtype(dtype))
    array[::4, ::6, ::8] = 1
    return array


@pytest.mark.parametrize("dtype", TYPES)
@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_windows_are_those_of_zarr(tmp_path_factory: pytest.TempPathFactory, dtype: str, data: st.DataObject) -> None:
    folder = tmp_path_factory.getbasetemp() / f"windows-{dtype}"
    array = zarr.open_array(folder, mode="r") if folder.exists() else create(folder, dtype)
    shards = Shards.of(array, folder)
    assert shards is not None
    window = data.draw(windows(SHAPE))
    found = shards.read(window)
    assert found.dtype == np.dtype(dtype)
    assert found.dtype.isnative
    assert np.array_equal(found, np.asarray(array[window.slices]))


@pytest.mark.parametrize(
    "others",
    [
        {"compressors": BloscCodec(cname="zstd", clevel=1, shuffle="shuffle"), "shards": None},
        {"compressors": BloscCodec(cname="zstd", clevel=1, shuffle="shuffle")},
        {"compressors": (GzipCodec(), Crc32cCodec())},
        {"compressors": None},
        {"chunk_key_encoding": {"name": "default", "separator": "."}},
        {"chunk_key_encoding": {"name": "v2", "separator": "/"}},
        {"chunks": (4, 6, 8), "shards": None, "compressors": None, "filters": None,
         "serializer": ShardingCodec(chunk_shape=(2, 3, 4), codecs=INNER, index_codecs=INDEX, index_location="start")},
        {"chunks": (4, 6, 8), "shards": None, "compressors": None, "filters": None,
         "serializer": ShardingCodec(chunk_shape=(2, 3, 4), codecs=INNER, index_codecs=(BytesCodec(endian="little"),))},
        {"chunks": (4, 6, 8), "shards": None, "compressors": None, "filters": None,
         "serializer": ShardingCodec(
             chunk_shape=(2, 3, 4), codecs=(BytesCodec(endian="big"), *codecs()), index_codecs=INDEX)},
    ],
)  # fmt: skip
def test_other_arrays_are_left_to_zarr(tmp_path: Path, others: dict[str, Any]) -> None:
    array = create(tmp_path / "array", "i2", others)
    assert Shards.of(array, tmp_path / "array") is None
    window = Window((1, 2, 3), (12, 9, 16))
    assert np.array_equal(StoredArray(array, "scan").read(window), np.asarray(array[...])[window.slices])
