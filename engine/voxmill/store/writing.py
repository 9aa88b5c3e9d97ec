"""Volume and Mask into a store: whole shards, each file under a temporary name first, the group's own metadata last.

A store that was interrupted anywhere, by a full disk or by SIGKILL, holds images that are whole, and others that have
no metadata of their own, which the next attempt to write them clears away.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray
from pydantic import JsonValue

from voxmill.errors import NOWHERE, InputError, OutputError, VoxmillError
from voxmill.grid import Grid, Window
from voxmill.store.attributes import (
    AXES,
    CaseAttributes,
    ImageAttributes,
    LayerAttributes,
    Statistics,
    Stored,
    SuvAttributes,
    group_attributes,
    image_metadata,
    label_metadata,
    parse_attributes,
    placed,
    plain,
)
from voxmill.store.groups import label_images
from voxmill.store.layout import (
    LABELS,
    METADATA,
    OME_VERSION,
    VOXELS,
    chunk_shape,
    codecs,
    folder_name,
    shard_shape,
)
from voxmill.store.settling import settle
from voxmill.store.shards import write_shards
from voxmill.volume import Image, Mask
from voxmill_kernels.facts import Extremes, Moments


def create_store(path: str | Path) -> Path:
    """The folder of a store, made where there is none; one that is a store already stays as it is.

    Raises OutputError for a folder with anything else in it, or when it cannot be made; InputError for a store of a
    newer format.
    """
    folder = Path(path).absolute()
    with _writing(folder.name):
        if (folder / METADATA).is_file():
            parse_attributes(Stored, zarr.open_group(folder, mode="r", zarr_format=3).attrs, folder.name)
            return folder
        if not folder.exists() and folder.is_symlink():
            raise OutputError(f"{folder.name}: {NOWHERE}")
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise OutputError(f"{folder.name}: it is there already, and no store; give a new folder, or an empty one")
        _write_group(folder, group_attributes(Stored()))
        settle(folder)
    return folder


def new_case(store: Path, name: str) -> Path:
    """The folder of a case to write images into, empty: what an interruption has left is cleared away.

    Raises OutputError for a case that is whole already, InputError for a name that cannot be one.
    """
    return _cleared(store / folder_name(name), f"case {name}")


def finish_case(case: Path, name: str, *, attributes: Mapping[str, JsonValue] | None = None) -> None:
    """Mark a case as whole, once all its images and masks are written; until then none of it is read.

    Of one that is whole already the attributes become these. What is whole lies on the disk: a power failure takes
    nothing of it. Raises OutputError when that cannot be written.
    """
    about = group_attributes(CaseAttributes(name=plain(name), attributes=dict(attributes or {})))
    with _writing(name):
        if case.exists():
            settle(case)
        if (case / METADATA).is_file():
            zarr.open_group(case, mode="a", zarr_format=3).update_attributes(about)
        else:
            _write_group(case, about)
        settle(case)


def erase(folder: Path) -> None:
    """Remove a case or an image, if it is there: what marks it as whole first, so that it is never half there.

    Raises OutputError where that is impossible.
    """
    try:
        (folder / METADATA).unlink(missing_ok=True)
        if folder.exists():
            shutil.rmtree(folder)
    except OSError as error:
        raise OutputError(f"{folder.name}: it cannot be erased: {error.strerror or error}") from None


def erase_mask(image: Path, name: str) -> None:
    """Remove a mask of an image: from the list of those that are whole first. Raises OutputError as erase does."""
    listed = label_images(image, name)
    gone = [one for one in listed if one.rpartition("-")[0] == folder_name(name)]
    with _writing(name):
        _list_masks(image, [one for one in listed if one not in gone])
    for one in gone:
        erase(image / LABELS / one)


def write_image(
    case: Path,
    image: Image,
    *,
    attributes: Mapping[str, JsonValue] | None = None,
    threads: int = 1,
) -> Path:
    """Write an image into the folder of a case; gives the folder of the image, which its masks go into.

    Every voxel keeps its type, the grid every bit; statistics are found on the way. attributes: what else is known of
    it. threads: how many chunks are compressed at a time.

    Raises OutputError, with the cause, when it cannot be written (nothing is left of it then), or is there already.
    """
    folder = _cleared(case / folder_name(image.name), image.name)
    with _writing(image.name, folder):
        moments, extremes = _write_voxels(folder, image, threads)
        about = ImageAttributes(
            **placed(image),
            statistics=Statistics.of(moments, extremes, image.dtype),
            suv=SuvAttributes.of(image.suv),
            attributes=dict(attributes or {}),
        )
        _write_group(folder, group_attributes(about, image_metadata(image.name, image.grid)))
    return folder


def write_mask(image: Path, mask: Mask, *, threads: int = 1) -> None:
    """Write a mask beside its image, into the folder that write_image gave: a label image per layer.

    It may lie on a grid of its own. Raises OutputError, with the cause, when it cannot be written (nothing is left of
    it then), InputError when the image has a mask of this name.
    """
    name = folder_name(mask.name)
    labels = image / LABELS
    folders = [labels / f"{name}-{layer}" for layer in range(len(mask.layers))]
    with _writing(mask.name, *folders):
        listed = label_images(image, mask.name)
        if folders[0].name in listed:
            raise InputError(f"{mask.name}: the image has a mask of this name already; choose another name")
        for layer, folder in enumerate(folders):
            _clear(folder)
            _write_layer(folder, mask.layers[layer], mask.grid, threads)
            about = LayerAttributes.of(mask, layer)
            _write_group(folder, group_attributes(about, label_metadata(about, mask.grid)))
        _list_masks(image, [*listed, *(folder.name for folder in folders)])


def _list_masks(image: Path, folders: Sequence[str]) -> None:
    """Say which label images of an image are whole."""
    every: list[JsonValue] = list(folders)
    group = zarr.open_group(image / LABELS, mode="a", zarr_format=3)
    group.update_attributes({"ome": {"version": OME_VERSION, "labels": every}})


def _write_voxels(folder: Path, image: Image, threads: int) -> tuple[Moments, Extremes]:
    """Write the voxels of an image a layer of shards at a time, and find its facts on the way."""
    shape, step = image.grid.shape, shard_shape(image.grid.shape, image.grid.dimensions)[0]
    array = _create_array(folder, image.grid, image.dtype)
    facts: tuple[Moments, Extremes] | None = None
    for start in range(0, shape[0], step):
        slab = image.read(Window((start, 0, 0), (min(start + step, shape[0]), *shape[1:])))
        found = Moments.of(slab), Extremes.of(slab)
        facts = found if facts is None else (facts[0] + found[0], facts[1] + found[1])
        write_shards(array, folder / VOXELS, slab, start, threads)
    assert facts is not None
    return facts


def _create_array(folder: Path, grid: Grid, dtype: np.dtype[Any]) -> "zarr.Array[Any]":
    return zarr.create_array(
        folder / VOXELS,
        shape=grid.shape,
        dtype=dtype,
        chunks=chunk_shape(grid.shape, grid.dimensions),
        shards=shard_shape(grid.shape, grid.dimensions),
        compressors=codecs(),
        fill_value=0,
        dimension_names=AXES,
        config={"write_empty_chunks": True},  # so that a file that is missing is known to be missing
    )


def _write_layer(folder: Path, layer: NDArray[Any], grid: Grid, threads: int) -> None:
    """Write a layer of a mask."""
    write_shards(_create_array(folder, grid, layer.dtype), folder / VOXELS, layer, 0, threads)


def _write_group(folder: Path, attributes: Mapping[str, JsonValue]) -> None:
    """Write the metadata of a group, in one file that appears whole or not at all."""
    zarr.create_group(folder, attributes=dict(attributes), overwrite=False, zarr_format=3)


def _cleared(folder: Path, name: str) -> Path:
    """A folder for what is to be written; raises OutputError where it is whole already."""
    if (folder / METADATA).is_file():
        raise OutputError(f"{name}: it is in the store already; remove it first, or choose another name")
    with _writing(name):
        _clear(folder)
    return folder


def _clear(folder: Path) -> None:
    """Remove what an interruption has left."""
    if folder.is_symlink():
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)


@contextmanager
def _writing(name: str, *folders: Path) -> Iterator[None]:
    """Whatever keeps files from being written as OutputError; what is half-written in these folders is removed."""
    try:
        yield
    except BaseException as error:
        if not isinstance(error, VoxmillError):
            for folder in folders:
                shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError):
            reason = (error.strerror or str(error)).lower()
            raise OutputError(f"{name}: cannot be written to the store: {reason}; nothing of it was kept") from error
        raise
