"""Windows of an array in shards: of each file its index is read, and the chunks that the window touches.

zarr-python reads the same in four times as long, as it hands every chunk from thread to thread; what it alone knows,
other codecs or none, is left to it.
"""

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from io import FileIO
from itertools import product
from pathlib import Path
from typing import Any, cast

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.codecs import BloscCodec, BytesCodec, Crc32cCodec, ShardingCodec
from zarr.core.chunk_key_encodings import DefaultChunkKeyEncoding
from zarr.core.metadata import ArrayV3Metadata

from voxmill.grid import Index, Window
from voxmill.store.layout import COMPRESSOR
from voxmill.store.shards import ABSENT, CHECKSUM_BYTES, checksum

BLOSC_SIZE = slice(4, 8)
"""Where the header of what Blosc has compressed says how many bytes it was."""
BLOSC_OVERHEAD = 16
"""Bytes by which what it has compressed may be longer than what it was, at most."""
ENTRY_BYTES = 16
"""Of a chunk in an index: offset and length."""


@dataclass(frozen=True)
class Shards:
    """Files of chunks as `write_shards` makes them, of any shape, whatever Blosc was told.

    folder: of the array. fill: the value of voxels whose chunk is not there.
    """

    folder: Path
    shape: Index
    chunk: Index
    dtype: np.dtype[Any]
    fill: Any

    @classmethod
    def of(cls, array: "zarr.Array[Any]", folder: Path) -> "Shards | None":
        """Those of an array of 3 dimensions; None where they are of another kind, or there are none."""
        if array.shards is None or not isinstance(array.metadata, ArrayV3Metadata) or not _is_known(array.metadata):
            return None
        dtype = np.dtype(array.dtype).newbyteorder("<")
        return cls(folder, cast(Index, array.shards), cast(Index, array.chunks), dtype, array.fill_value)

    def read(self, window: Window) -> NDArray[Any]:
        """The voxels of a window; raises OSError, and ValueError for a file that is not what was written."""
        found = np.empty(window.shape, self.dtype.newbyteorder("="))
        scratch = np.empty(self.chunk, self.dtype)
        for shard in _boxes(window, self.shape):
            with self._path(shard).open("rb", buffering=0) as file:
                index = self._index(file)
                for chunk in _boxes(window.intersect(shard), self.chunk):
                    offset, length = map(int, index[self._place(chunk, shard)])
                    there = _decode(file, offset, length, scratch)
                    both = window.intersect(chunk)
                    found[both.within(window).slices] = scratch[both.within(chunk).slices] if there else self.fill
        return found

    def _path(self, shard: Window) -> Path:
        z, y, x = (str(at // size) for at, size in zip(shard.start, self.shape, strict=True))
        return self.folder / "c" / z / y / x

    def _place(self, chunk: Window, shard: Window) -> tuple[int, ...]:
        """Where a chunk stands in the index of its shard."""
        return tuple(at // size for at, size in zip(chunk.within(shard).start, self.chunk, strict=True))

    def _index(self, file: FileIO) -> NDArray[np.uint64]:
        """Where in a file its chunks are."""
        count = [size // step for size, step in zip(self.shape, self.chunk, strict=True)]
        size = ENTRY_BYTES * math.prod(count) + CHECKSUM_BYTES
        return np.frombuffer(_piece(file, _size(file) - size, size), "<u8").reshape(*count, 2)


def _is_known(metadata: ArrayV3Metadata) -> bool:
    """Whether chunks are little-endian, compressed by Blosc and checked, and found by an index at the end."""
    match metadata.codecs:
        case (ShardingCodec(codecs=(BytesCodec() as voxels, BloscCodec(), Crc32cCodec())) as shards,):
            return (
                _word(voxels.endian) in (None, "little")
                and shards.index_codecs == (BytesCodec(endian="little"), Crc32cCodec())
                and _word(shards.index_location) == "end"
                and metadata.chunk_key_encoding == DefaultChunkKeyEncoding(separator="/")
            )
    return False


def _word(chosen: object) -> object:
    """What is chosen, as Zarr writes it: zarr 3.1.6 has enumerations for it, and 3.4.2 takes strings in their place."""
    return getattr(chosen, "value", chosen)


def _boxes(window: Window, shape: Index) -> Iterator[Window]:
    """The boxes of this shape that a window touches, of those that fill an array."""
    if window.size:
        ranges = (range(a // size * size, b, size) for a, b, size in zip(window.start, window.stop, shape, strict=True))
        for z, y, x in product(*ranges):
            yield Window.whole(shape).moved((z, y, x))


def _decode(file: FileIO, offset: int, length: int, out: NDArray[Any]) -> bool:
    """Decode a chunk of a file; whether there is one."""
    if offset == length == ABSENT:
        return False
    if length > out.nbytes + BLOSC_OVERHEAD + CHECKSUM_BYTES:
        raise ValueError("a chunk is longer than it can be")
    data = _piece(file, offset, length)
    if int.from_bytes(data[BLOSC_SIZE], "little") != out.nbytes:
        raise ValueError("a chunk is not as large as the others")
    COMPRESSOR.decode(data, out=out)
    return True


def _piece(file: FileIO, offset: int, length: int) -> bytes:
    """Bytes of a file, without the checksum at their end.

    Raises ValueError where the file does not have them, before anything is allocated, and for a wrong checksum.
    """
    if offset < 0 or length < CHECKSUM_BYTES or offset + length > _size(file):
        raise ValueError("a file is shorter than it was")
    file.seek(offset)
    data = file.read(length)
    if checksum(data[:-CHECKSUM_BYTES]) != data[-CHECKSUM_BYTES:]:
        raise ValueError("a checksum is not that of what was read")
    return data[:-CHECKSUM_BYTES]


def _size(file: FileIO) -> int:
    return os.fstat(file.fileno()).st_size
