"""Shards: a file of many chunks, each compressed and with its checksum, and an index at the end.

Source: Zarr v3, the codec sharding_indexed 1.0. They are written here, and not by zarr-python, which takes three times
as long: to write a whole shard needs none of what it does to change a part of one.
"""

import os
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from typing import Any

import google_crc32c
import numpy as np
import zarr
from numpy.typing import NDArray

from voxmill.store.layout import COMPRESSOR

ABSENT = 2**64 - 1
"""In the index, for a chunk that is not there: of what is written here, one that lies beyond the array."""
CHECKSUM_BYTES = 4


def write_shards(array: "zarr.Array[Any]", folder: Path, slab: NDArray[Any], start: int, threads: int) -> None:
    """Write the planes of an array from `start` on, which begin and end with shards; raises OSError.

    folder: of the array, whose chunks have codecs() (see layout). threads: how many chunks are compressed at a time.
    """
    shape, chunk = array.shards or array.chunks, array.chunks
    with ThreadPoolExecutor(threads) as pool:
        for corner in product(*(range(0, size, step) for size, step in zip(slab.shape, shape, strict=True))):
            block = slab[tuple(slice(at, at + step) for at, step in zip(corner, shape, strict=True))]
            encoded = map if threads == 1 else pool.map
            chunks = dict(zip(_places(block.shape, chunk), encoded(_encoded, _chunks(block, chunk)), strict=True))
            z, y, x = ((at + first) // step for at, first, step in zip(corner, (start, 0, 0), shape, strict=True))
            _write(folder / "c" / str(z) / str(y) / str(x), chunks, _count(shape, chunk))


def _count(shape: tuple[int, ...], chunk: tuple[int, ...]) -> tuple[int, ...]:
    """How many chunks there are along every axis, the last one perhaps filled up."""
    return tuple(-(-size // step) for size, step in zip(shape, chunk, strict=True))


def _places(shape: tuple[int, ...], chunk: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    return product(*map(range, _count(shape, chunk)))


def _chunks(block: NDArray[Any], chunk: tuple[int, ...]) -> Iterator[NDArray[Any]]:
    """The chunks of a block, in the order of their places, those at its ends filled up with 0."""
    for place in _places(block.shape, chunk):
        part = block[tuple(slice(at * step, (at + 1) * step) for at, step in zip(place, chunk, strict=True))]
        if part.shape != chunk:
            part = np.pad(part, [(0, step - size) for step, size in zip(chunk, part.shape, strict=True)])
        yield np.ascontiguousarray(part, dtype=block.dtype.newbyteorder("<"))


def _encoded(chunk: NDArray[Any]) -> bytes:
    data: bytes = COMPRESSOR.encode(chunk)
    return data + checksum(data)


def checksum(data: bytes) -> bytes:
    """CRC-32C, as Zarr puts it behind a chunk and behind an index."""
    return int(google_crc32c.value(data)).to_bytes(CHECKSUM_BYTES, "little")


def _write(path: Path, chunks: dict[tuple[int, ...], bytes], count: tuple[int, ...]) -> None:
    """Write a shard, whole or not at all."""
    index = np.full((*count, 2), ABSENT, dtype="<u8")
    end = 0
    for place, data in chunks.items():
        index[place] = end, len(data)
        end += len(data)
    listed = index.tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{uuid.uuid4().hex}.draft")
    try:
        with draft.open("wb") as file:
            file.writelines((*chunks.values(), listed, checksum(listed)))
        os.replace(draft, path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
