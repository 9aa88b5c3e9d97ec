"""What lies where in a store, and in which chunks.

    STORE/                      a Zarr v3 group, with tables beside its cases; unfinished.json while it is being filled
      CASE/                     a group per case
        IMAGE/                  an OME-Zarr 0.5 image
          0/                    its voxels, z, y, x
          labels/MASK-0/        an OME-Zarr 0.5 label image per layer of a mask; its labels in 0/

A group's own zarr.json is written last: what has none was interrupted, and is never taken for whole. `LABELS` names
the masks that are whole. What is flat is one slice deep.

Chunks are what is read at once, shards what is a file. Measured on a CT-like volume of 512 × 512 × 300 int16 (157 MB;
noise in a body, air around it; zarr 3.1.6, one thread, a machine with other work): CPU seconds to write it; what is
left of it; reading 109 × 105 × 93 voxels (100,000 in a region, with a halo of 16) and 45 × 45 × 45, opening included.

    codec, with crc32c            chunk z, y, x    written   size     large    small
    blosc-lz4, bits shuffled      32, 64, 64       0.34 s    75 MB    10 ms    4.3 ms
    blosc-lz4, bits shuffled      64, 64, 64       0.36 s    75 MB    11 ms    4.0 ms
    blosc-lz4, bits shuffled      32, 32, 32       0.58 s    74 MB    22 ms    3.6 ms
    blosc-lz4, bits shuffled      32, 128, 128     0.27 s    76 MB    23 ms    9.1 ms
    blosc-lz4, bits shuffled      128, 128, 128    0.25 s    76 MB    29 ms    14 ms
    blosc-lz4, bytes shuffled     64, 64, 64       0.34 s    90 MB    10 ms    4.1 ms
    blosc-zstd 1, bits shuffled   64, 64, 64       0.44 s    70 MB    16 ms    5.9 ms
    blosc-zstd 1, bytes shuffled  64, 64, 64       0.52 s    68 MB    19 ms    7.4 ms
    zstd 1, nothing shuffled      64, 64, 64       0.56 s    84 MB    12 ms    4.4 ms

So: bits shuffled and lz4, which decodes fastest and is near zstd in size. Of the two chunks that are as fast, the
smaller one, which holds less that is not asked for where slices are thick.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, unquote

from numcodecs.blosc import BITSHUFFLE, Blosc
from zarr.codecs import BloscCodec, Crc32cCodec

from voxmill.errors import InputError
from voxmill.grid import Index

FORMAT_VERSION = 1
OME_VERSION = "0.5"
OURS = "voxmill"
"""The key of our own attributes, beside `ome`."""
METADATA = "zarr.json"
INDEX, FAILURES, CARRIED, UNFINISHED = "index.parquet", "failures.parquet", "carried.parquet", "unfinished.json"
"""Files beside the cases of a store: its images, what could not be read, what is carried, what is to come."""
RESERVED = frozenset({METADATA, INDEX, FAILURES, CARRIED, UNFINISHED})
"""Names that no folder may have."""
VOXELS = "0"
LABELS = "labels"

CHUNKS: Mapping[int, Index] = {3: (32, 64, 64), 2: (1, 256, 256)}
"""Chunks of volumes and of flat images."""
SHARDS: Mapping[int, Index] = {3: (128, 256, 256), 2: (1, 1024, 1024)}
COMPRESSOR = Blosc(cname="lz4", clevel=5, shuffle=BITSHUFFLE)
MOST_CHUNK_VOXELS = 1 << 24
"""The largest chunk that is decoded: of a store that was not made here, it is whatever its metadata says."""
MOST_CHUNKS = 1 << 20
"""The most chunks of a file whose index is read, which takes 16 bytes for each."""
LONGEST_NAME = 200
"""Bytes of a folder's name, as a number of a layer still follows."""


def codecs() -> tuple[BloscCodec, Crc32cCodec]:
    """How a chunk is compressed, as Zarr says it; a checksum for each, so that damage is found where it is."""
    return BloscCodec(cname=COMPRESSOR.cname, clevel=COMPRESSOR.clevel, shuffle="bitshuffle"), Crc32cCodec()


def chunk_shape(shape: Index, dimensions: int) -> Index:
    """The chunks of an image: no longer than the image is."""
    z, y, x = (min(most, size) for most, size in zip(CHUNKS[dimensions], shape, strict=True))
    return (z, y, x)


def shard_shape(shape: Index, dimensions: int) -> Index:
    """The shards of an image: as many whole chunks as the image has, up to SHARDS."""
    chunks = chunk_shape(shape, dimensions)
    sizes = zip(SHARDS[dimensions], CHUNKS[dimensions], chunks, shape, strict=True)
    z, y, x = (min(most // usual, math.ceil(size / chunk)) * chunk for most, usual, chunk, size in sizes)
    return (z, y, x)


def folder_name(name: str) -> str:
    """The name of the folder of a case, an image or a mask: letters, digits and -_. stay, others become %XX.

    Raises InputError for a name that is empty or too long.
    """
    text = "".join(one if one.isalnum() or one in "-_." else quote(one, safe="", errors="replace") for one in name)
    if not text.strip("."):  # empty, or what a file system takes for a folder itself or the one above
        text = "".join("%2E" for _ in text)
    if text.lower() in RESERVED:  # capitals are the same to some file systems
        text = text.replace(".", "%2E")
    if text.startswith("__"):  # reserved by Zarr v3
        text = "%5F" + text[1:]
    if not 0 < len(text.encode(errors="replace")) <= LONGEST_NAME:
        raise InputError(f"{name[:50]!r}: a name in a store is 1 to {LONGEST_NAME} bytes long; choose another name")
    return text


def name_of(folder: Path) -> str:
    """The name that a folder was made for."""
    return unquote(folder.name, errors="replace")
