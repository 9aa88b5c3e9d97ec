"""What tests of regions on a device share: the comparison with the CPU, which leaves nothing to tolerance."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st
from numpy.typing import DTypeLike

from kernel_cases import Volume, grey_levels, masks, padded, read_only
from voxmill_kernels.array import device_of, to_host
from voxmill_kernels.count.cuda import arena
from voxmill_kernels.count.packing import pack
from voxmill_kernels.device import Device
from voxmill_kernels.intensities import Distribution, distribution, gather, gather_again
from voxmill_kernels.levels import bin_edges, discretise
from voxmill_kernels.mask.cuda import intensities, levels
from voxmill_kernels.mask.cuda.places import box_there
from voxmill_kernels.shape.cuda import scan as surface_scan
from voxmill_kernels.shape.scan import scan
from voxmill_kernels.types import Array, Bools

TYPES = ["uint8", "int8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64"]
SPREADS = [3, 100, 6000, 1e6]
"""Of whole numbers so far apart: counted by a block, by all blocks together, or sorted, as their type allows."""
WIDTHS, COUNTS = (25.0, 0.3, 400.0), (1, 2, 32)
SETTINGS: list[dict[str, Any]] = [*({"width": one} for one in WIDTHS), *({"count": one} for one in COUNTS)]


@contextmanager
def blocks_of(values: int) -> Iterator[None]:
    """A block looks at so many values or places, so that few of them have many blocks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(intensities, "TILE", values)
        patch.setattr(surface_scan, "TILE", values)
        patch.setattr(levels, "VALUES", values)
        patch.setattr(arena, "VOXELS", values)
        yield


def intensities_of(shape: tuple[int, ...], dtype: DTypeLike, spread: float, seed: int = 0) -> Array:
    """An image of this type whose intensities differ by up to `spread`, as far as the type allows; many ties."""
    drawn = np.random.default_rng(seed).integers(0, 40, shape) * (spread / 39)
    if np.dtype(dtype).kind == "f":
        return read_only((drawn - spread / 3).astype(dtype))
    limits = np.iinfo(dtype)
    low = max(limits.min, -int(spread / 3))
    return read_only(np.minimum(drawn + low, min(limits.max, 2**60)).astype(dtype))


@st.composite
def regions(draw: st.DrawFn, dtype: DTypeLike) -> tuple[Array, Bools]:
    """An image and where a region lies in it."""
    inside = draw(masks())
    return intensities_of(inside.shape, dtype, draw(st.sampled_from(SPREADS)), draw(st.integers(0, 99))), inside


def assert_same(found: Array, expected: Array, device: Device) -> None:
    """An array of the device has the same bytes as one of this machine."""
    assert device_of(found) is device
    np.testing.assert_array_equal(device.download(found), expected, strict=True)


def assert_gathers_as_the_cpu(device: Device, image: Array, inside: Bools) -> None:
    """Box and intensities of a region, of a second image too, that has other intensities; the box also there."""
    labels, voxels, uploaded = read_only(inside * np.uint16(7)), int(inside.sum()), device.upload(image)
    expected_box, expected = gather(image, labels, 7, voxels)
    box, values = gather(uploaded, labels, 7, voxels)
    np.testing.assert_array_equal(box, expected_box, strict=True)
    assert_same(values, expected, device)
    assert_same(box_there(box, device), expected_box, device)
    other = read_only(image[::-1].copy())
    assert_same(gather_again(device.upload(other), box, voxels), gather_again(other, box, voxels), device)


def assert_levels_as_the_cpu(
    device: Device, values: Array, *, width: float | None = None, count: int | None = None
) -> None:
    """Distribution, edges and grey levels of intensities, or the same refusal."""
    uploaded, known = device.upload(values), distribution(values)
    assert_distribution(distribution(uploaded), known)
    try:
        edges = bin_edges(values, width=width, count=count)
    except ValueError as refusal:
        with pytest.raises(ValueError, match=re.escape(str(refusal))):
            bin_edges(uploaded, width=width, count=count)
        return
    np.testing.assert_array_equal(bin_edges(uploaded, width=width, count=count), edges, strict=True)
    expected, found = discretise(values, known, edges), discretise(uploaded, known, edges)
    assert_same(found.indices, expected.indices, device)
    for part in ("numbers", "counts"):
        np.testing.assert_array_equal(getattr(found, part), getattr(expected, part), strict=True)


def assert_distribution(found: Distribution, expected: Distribution) -> None:
    """Of the same bytes."""
    assert found.values.tobytes() == expected.values.tobytes()
    np.testing.assert_array_equal(found.counts, expected.counts, strict=True)
    assert to_host(found.values) is found.values


def assert_packed_as_the_cpu(device: Device, volumes: Sequence[Volume], border: int) -> None:
    """The arena of these regions, and then of each twice, as of two images, the second with other levels."""
    boxes = []
    for volume in volumes:
        levels, inside = grey_levels(volume), read_only(volume > 0)
        levels = replace(levels, indices=levels.indices.astype(np.uint8 if len(levels.numbers) < 256 else np.uint16))
        boxes += [(levels, inside), (replace(levels, indices=levels.indices[::-1].copy()), inside)]
    for some in (boxes[::2], boxes):
        expected = pack(some, border=border)
        uploaded = [(replace(levels, indices=device.upload(levels.indices)), inside) for levels, inside in some]
        found = pack(uploaded, border=border)
        assert_same(found.arena, expected.arena, device)
        np.testing.assert_array_equal(found.table, expected.table, strict=True)
        assert (found.border, found.levels, found.shapes) == (border, expected.levels, expected.shapes)


def assert_scans_as_the_cpu(device: Device, inside: Bools) -> None:
    """The extent of a region."""
    box = padded(inside)
    for found, expected in zip(astuple(scan(device.upload(box))), astuple(scan(box)), strict=True):
        np.testing.assert_array_equal(found, expected, strict=True)
