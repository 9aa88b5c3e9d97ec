"""Values of an image between its voxels, bit for bit those of ITK's ResampleImageFilter on x86-64.

Outside of the image, half a voxel around included, all is 0. Values of a box on a device are made there, with the same
bytes.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

from voxmill_kernels.array import device_of
from voxmill_kernels.image.box import Box, Index
from voxmill_kernels.image.lines import Lines
from voxmill_kernels.jit import njit
from voxmill_kernels.types import Array, Bools, Floats

Places: TypeAlias = NDArray[np.uint64]  # in a box as one row


def nearest(box: Box, lines: Lines) -> Array:
    """The nearest voxel, of two the one of the higher index (NearestNeighborInterpolateImageFunction).

    (lines, width), of the type of the box, which holds every voxel that is nearest to some position.
    """
    if device := device_of(box.voxels):
        from voxmill_kernels.image.cuda import sample

        return sample.nearest(device, box, lines)
    values = np.zeros((len(lines.starts), lines.width), dtype=box.voxels.dtype)
    if box.voxels.size:
        bits = np.dtype(f"u{values.itemsize}")
        _nearest(_frozen(box, bits), _frozen_lines(lines), values.view(bits))
    return values


def linear(box: Box, lines: Lines) -> Floats:
    """Linear between the voxels around (LinearInterpolateImageFunction): along x, then y, then z.

    (lines, width); the box holds every voxel next to some position.
    """
    if device := device_of(box.voxels):
        from voxmill_kernels.image.cuda import sample

        return sample.linear(device, box, lines)
    values = np.zeros((len(lines.starts), lines.width))
    if box.voxels.size:
        voxels = box.voxels.astype(np.float64, copy=False)
        _linear(_frozen(box._replace(voxels=voxels), voxels.dtype), _frozen_lines(lines), values)
    return values


def cubic(coefficients: Box, lines: Lines, *, flat: bool = False) -> Floats:
    """The cubic B-spline of some coefficients (BSplineInterpolateImageFunction), mirrored at the image's border.

    (lines, width); the box holds two coefficients (float64) on either side of every position. `flat`: the image has two
    dimensions and is held as one slice. Along an axis of two voxels ITK reads outside of its memory from the second
    voxel on; here the image goes on being mirrored.
    """
    if device := device_of(coefficients.voxels):
        from voxmill_kernels.image.cuda import sample

        return sample.cubic(device, coefficients, lines, flat=flat)
    values = np.zeros((len(lines.starts), lines.width))
    if coefficients.voxels.size:
        _cubic(_frozen(coefficients, values.dtype), _frozen_lines(lines), 1 if flat else 4, values)
    return values


def to_type(values: Floats, dtype: DTypeLike, *, rounded: bool = False) -> Array:
    """Values as ITK casts them: to the limits of the type where they are beyond, whole numbers towards zero.

    Or `rounded` to the nearest whole number, halves away from zero. Of values on a device whole numbers only.
    """
    kind = np.dtype(dtype)
    if device := device_of(values):
        from voxmill_kernels.image.cuda import floats

        return floats.to_whole(device, values, kind, rounded=rounded)
    if rounded:
        halves = np.copysign(0.5, values)
        halves += values
        values = np.trunc(halves, out=halves)
    limits = np.finfo(kind) if kind.kind == "f" else np.iinfo(kind)
    low, high = float(limits.min), float(limits.max)
    with np.errstate(invalid="ignore"):
        cast: Array = values.clip(low, high).astype(kind)
    cast[values >= high] = limits.max
    return cast


def _frozen(box: Box, dtype: np.dtype[np.generic]) -> Box:
    """A box read as this type, in order and read-only, so that kernels are compiled for one kind of array."""
    voxels = np.ascontiguousarray(box.voxels).view(dtype)
    voxels.flags.writeable = False
    return box._replace(voxels=voxels)


def _frozen_lines(lines: Lines) -> Lines:
    starts, steps = np.ascontiguousarray(lines.starts).view(), np.ascontiguousarray(lines.steps).view()
    starts.flags.writeable = steps.flags.writeable = False
    return lines._replace(starts=starts, steps=steps)


@njit
def _find(line: int, lines: Lines, shape: Index, positions: Floats, inside: Bools) -> None:
    """Where the voxels of a line lie, z, y, x (3, width), and which of them are inside of the image."""
    inside[:] = True
    for axis in range(3):
        start, step = lines.starts[line, axis], lines.steps[line, axis]
        low, high = -0.5, shape[axis] - 0.5
        for i in range(inside.size):
            position = start + ((lines.first + i) / lines.length) * step
            positions[axis, i] = position
            inside[i] &= (position >= low) & (position < high)


@njit
def _nearest(box: Box, lines: Lines, values: Array) -> None:
    positions, inside = np.empty((3, lines.width)), np.empty(lines.width, dtype=np.bool_)
    start_z, start_y, start_x = box.start
    for line in range(lines.starts.shape[0]):
        _find(line, lines, box.shape, positions, inside)
        for i in range(lines.width):
            if inside[i]:
                z, y, x = _round(positions[0, i]), _round(positions[1, i]), _round(positions[2, i])
                values[line, i] = box.voxels[z - start_z, y - start_y, x - start_x]


@njit
def _round(position: float) -> int:
    """To the nearest whole number, halves up, as itk::Math::RoundHalfIntegerUp does with SSE2."""
    return int(np.rint(2.0 * position + 0.5)) >> 1


@njit
def _linear(box: Box, lines: Lines, values: Floats) -> None:
    """One line after the other; passes: where each voxel lies; its two neighbours by axis; the mix of the eight."""
    positions, inside = np.empty((3, lines.width)), np.empty(lines.width, dtype=np.bool_)
    ways, places = np.empty((3, lines.width)), np.empty((3, 2, lines.width), dtype=np.uint64)
    strides = _strides(box)
    for line in range(lines.starts.shape[0]):
        _find(line, lines, box.shape, positions, inside)
        for axis in range(3):
            bounds = (box.start[axis], box.shape[axis], strides[axis])
            _pair(positions[axis], inside, bounds, ways[axis], places[axis])
        _mix(box.voxels.reshape(-1), ways, places, inside, values[line])


@njit
def _strides(box: Box) -> Index:
    _, rows, columns = box.voxels.shape
    return (rows * columns, columns, 1)


@njit
def _pair(positions: Floats, inside: Bools, bounds: Index, ways: Floats, places: Places) -> None:
    """Along an axis, the voxel before and the one after each position, and the way from one to the other.

    The way is 0 where the second bears on nothing. `bounds`: where the box starts, the image's size, the box's stride.
    """
    start, size, stride = bounds
    for i in range(positions.size):
        position = positions[i] if inside[i] else float(start)
        voxel = max(0, int(np.floor(position)))
        after = position > voxel and voxel + 1 < size
        ways[i] = position - voxel if after else 0.0
        places[0, i] = (voxel - start) * stride
        places[1, i] = (voxel - start + after) * stride


@njit
def _mix(box: Floats, ways: Floats, places: Places, inside: Bools, values: Floats) -> None:
    for n in range(values.size):
        dz, dy, dx = ways[0, n], ways[1, n], ways[2, n]
        z, y, x = places[0, 0, n], places[1, 0, n], places[2, 0, n]
        next_z, next_y, next_x = places[0, 1, n], places[1, 1, n], places[2, 1, n]
        near = _between(
            _between(box[z + y + x], box[z + y + next_x], dx),
            _between(box[z + next_y + x], box[z + next_y + next_x], dx),
            dy,
        )
        far = _between(
            _between(box[next_z + y + x], box[next_z + y + next_x], dx),
            _between(box[next_z + next_y + x], box[next_z + next_y + next_x], dx),
            dy,
        )
        values[n] = _between(near, far, dz) if inside[n] else 0.0


@njit
def _between(before: float, after: float, way: float) -> float:
    """Without a look at what follows where there is no way to it: it could be infinite."""
    return before + (after - before) * way if way > 0.0 else before


@njit
def _cubic(box: Box, lines: Lines, slices: int, values: Floats) -> None:
    """One line after the other; passes: where each voxel lies; its neighbours and weights by axis; those of a slice.

    Then the sum of all terms. Lines are filled up to whole fours. `slices` is 1 where there is no z, else 4.
    """
    width = -(-lines.width // 4) * 4
    positions, inside = np.zeros((3, width)), np.zeros(width, dtype=np.bool_)
    weights, places = np.empty((3, 4, width)), np.empty((3, 4, width), dtype=np.uint64)
    weights_in_slice, places_in_slice = np.empty((16, width)), np.empty((16, width), dtype=np.uint64)
    totals = np.empty(width)
    strides = _strides(box)
    for line in range(lines.starts.shape[0]):
        _find(line, lines, box.shape, positions[:, : lines.width], inside[: lines.width])
        for axis in range(3):
            bounds = (box.start[axis], box.shape[axis], strides[axis])
            _neighbours(positions[axis], inside, bounds, weights[axis], places[axis])
        if slices == 1:
            weights[0, 0] = 1.0
        for term in range(16):
            y, x = term // 4, term % 4
            for n in range(width):
                weights_in_slice[term, n] = weights[2, x, n] * weights[1, y, n]
                places_in_slice[term, n] = places[2, x, n] + places[1, y, n]
        _sum(box.voxels.reshape(-1), weights_in_slice, places_in_slice, weights[0, :slices], places[0], totals)
        for n in range(lines.width):
            values[line, n] = totals[n] if inside[n] else 0.0


@njit
def _neighbours(positions: Floats, inside: Bools, bounds: Index, weights: Floats, places: Places) -> None:
    """Along an axis, the four coefficients that bear on each position: their weights and places (4, width).

    On positions outside nothing bears. ITK looks for them in single precision. `bounds`: where the box starts, the
    image's size, the box's stride.
    """
    start, size, stride = bounds
    for i in range(positions.size):
        if not inside[i]:
            weights[:, i], places[:, i] = 0.0, 0
            continue
        position = positions[i]
        voxel = int(np.floor(np.float32(position)))
        w = position - voxel
        last = (1.0 / 6.0) * w * w * w
        weights[3, i] = last
        weights[0, i] = (1.0 / 6.0) + 0.5 * w * (w - 1.0) - last
        weights[2, i] = w + weights[0, i] - 2.0 * last
        weights[1, i] = 1.0 - weights[0, i] - weights[2, i] - last
        for k in range(4):
            places[k, i] = (_mirrored(voxel - 1 + k, size) - start) * stride


@njit
def _mirrored(voxel: int, size: int) -> int:
    """The voxel that is seen there in a mirror at either end of an axis."""
    if size == 1:
        return 0
    while voxel < 0 or voxel >= size:
        voxel = -voxel if voxel < 0 else 2 * (size - 1) - voxel
    return voxel


@njit
def _sum(box: Floats, weights: Floats, places: Places, depth: Floats, slices: Places, totals: Floats) -> None:
    """The terms of each voxel in ITK's order; four voxels at a time, whose sums do not wait for one another.

    `weights` and `places` (16, width) are those in a slice, `depth` (slices, width) and `slices` those along z.
    """
    for n in range(0, totals.size, 4):
        a = b = c = d = 0.0
        for k in range(depth.shape[0]):
            wa, wb, wc, wd = depth[k, n], depth[k, n + 1], depth[k, n + 2], depth[k, n + 3]
            pa, pb, pc, pd = slices[k, n], slices[k, n + 1], slices[k, n + 2], slices[k, n + 3]
            for term in range(16):
                a += weights[term, n] * wa * box[places[term, n] + pa]
                b += weights[term, n + 1] * wb * box[places[term, n + 1] + pb]
                c += weights[term, n + 2] * wc * box[places[term, n + 2] + pc]
                d += weights[term, n + 3] * wd * box[places[term, n + 3] + pd]
        totals[n], totals[n + 1], totals[n + 2], totals[n + 3] = a, b, c, d
