"""Whole volumes, device array to device array, beside the floor, the CPU, and other libraries on the same device."""

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from gpu_parts.bench import Bench, Figures, Row, attempt, compared, once_s
from gpu_parts.floors import floors
from gpu_parts.images import SIGMA, SPACING, VOLUMES, Work, here
from gpu_parts.made import volume
from workloads import Shape

Untyped = Any
Prepare = Callable[[Untyped, Untyped], Callable[[], Untyped]]
"""CuPy and an image on the device → what is measured."""
TINY: Shape = (12, 14, 16)
"""Of an image that compiles the CPU's kernels."""


def measure(bench: Bench) -> Iterator[Row]:
    """Three workloads on the device, on the CPU, and whether the bytes are equal; then other libraries."""
    for work in VOLUMES:
        name, made = what(work, bench.sizes.volume), list[object]()
        yield attempt("volumes", name, partial(_on_device, bench, work))
        yield attempt("volumes", f"{name}: the CPU, one thread", partial(_on_cpu, bench, work, made))
        if made:
            yield compared("volumes", f"{name}: bytes", partial(_again, bench, work), made.pop)
        bench.device.release()
    for name, prepare in OTHERS.items():
        yield attempt("volumes", name, partial(_other, bench, prepare))


def what(work: Work, shape: Shape) -> str:
    """The name of a row."""
    depth, height, width = shape
    return f"{work.name}, {width}×{height}×{depth}"


def _on_device(bench: Bench, work: Work) -> Figures:
    shape = bench.sizes.volume
    return floors(bench).figures(bench.on_device(work.prepare(shape, bench.device.upload)), work.needs(shape))


def _on_cpu(bench: Bench, work: Work, made: list[object]) -> Figures:
    work.prepare(min(TINY, bench.sizes.volume), here)()
    call = work.prepare(bench.sizes.volume, here)
    return {"ms": 1e3 * once_s(lambda: made.append(call()))}


def _again(bench: Bench, work: Work) -> object:
    return work.prepare(bench.sizes.volume, bench.device.upload)()


def _other(bench: Bench, prepare: Prepare) -> Figures:
    call = prepare(bench.cupy, bench.device.upload(volume(bench.sizes.volume)))
    took = bench.on_device(call)
    return {"ms": 1e3 * took.seconds} | took.told


def _target(image: Untyped) -> Shape:
    depth, height, width = (math.ceil(size * step) for size, step in zip(image.shape, SPACING, strict=True))
    return depth, height, width


def _scipy(order: int) -> Prepare:
    def prepare(cupy: Untyped, image: Untyped) -> Callable[[], Untyped]:
        from cupyx.scipy import ndimage

        steps, shape = cupy.asarray(1 / np.array(SPACING)), _target(image)
        given = {"output_shape": shape, "output": np.float64, "order": order, "mode": "mirror"}
        return lambda: ndimage.affine_transform(image, steps, **given)

    return prepare


def _scipy_log(cupy: Untyped, image: Untyped) -> Callable[[], Untyped]:
    from cupyx.scipy import ndimage

    del cupy
    sigmas = [SIGMA / step for step in SPACING]
    return lambda: ndimage.gaussian_laplace(image, sigmas, output=np.float32)


def _torch(cupy: Untyped, image: Untyped) -> Callable[[], Untyped]:
    import torch

    del cupy
    tensor, shape = torch.as_tensor(image, device="cuda").float()[None, None], _target(image)
    return lambda: torch.nn.functional.interpolate(tensor, size=shape, mode="trilinear", align_corners=False)


def _cucim(order: int) -> Prepare:
    def prepare(cupy: Untyped, image: Untyped) -> Callable[[], Untyped]:
        from cucim.skimage.transform import resize

        real, shape = image.astype(cupy.float32), _target(image)
        return lambda: resize(real, shape, order=order, preserve_range=True, anti_aliasing=False)

    return prepare


OTHERS: dict[str, Prepare] = {
    "linear: cupyx.scipy.ndimage.affine_transform": _scipy(1),
    "linear: torch interpolate, float32": _torch,
    "linear: cuCIM resize, float32": _cucim(1),
    "cubic: cupyx.scipy.ndimage.affine_transform": _scipy(3),
    "cubic: cuCIM resize, float32": _cucim(3),
    "LoG: cupyx.scipy.ndimage.gaussian_laplace, cut at 4 sigma": _scipy_log,
}
"""What others do on the same volume; all of it already on the device."""
