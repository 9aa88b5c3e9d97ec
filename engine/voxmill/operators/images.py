"""Image types → the operators that make their images, by the names that these have in columns."""

from collections.abc import Mapping

from voxmill.image_types import (
    Exponential,
    Gradient,
    ImageType,
    Lbp2d,
    Lbp3d,
    LoG,
    Logarithm,
    Square,
    SquareRoot,
    Wavelet,
)
from voxmill.measuring_settings import axis_letter
from voxmill.operators import gradient, lbp, log, pointwise, wavelet
from voxmill.operators.operator import Form, Operator

Chains = dict[str, tuple[Operator, ...]]
AXES: Mapping[str | None, int] = {"z": 0, "y": 1, "x": 2}


def chains(kind: ImageType, form: Form, slice_axis: str | None) -> Chains:
    """The operators behind every image of an image type, made of an image like this one, in PyRadiomics' order.

    Those of the original image are none. `slice_axis`: across which slices are taken (z, y, x), None for three
    dimensions. Images that this one is too small for are not among them: `left_out` says why.
    """
    match kind:
        case LoG(sigma_mm=sigmas):
            fitting = [sigma for sigma in sigmas if not log.too_small(form.grid, sigma)]
            return {_log_name(sigma): (log.Laplacian(float(sigma)),) for sigma in fitting}
        case Wavelet():
            return _bands(kind, form, slice_axis)
        case Square():
            return {"square": (pointwise.Square(),)}
        case SquareRoot():
            return {"squareroot": (pointwise.SquareRoot(),)}
        case Logarithm():
            return {"logarithm": (pointwise.Logarithm(),)}
        case Exponential():
            return {"exponential": (pointwise.Exponential(),)}
        case Gradient(use_spacing=use_spacing):
            return {"gradient": (gradient.Gradient(use_spacing=use_spacing),)}
        case Lbp2d(samples=samples, radius=radius, method=method):
            axis = AXES.get(axis_letter(kind.axis, form.grid.dimensions) or slice_axis, 0)
            return {"lbp-2D": (lbp.Lbp2d(axis, samples, radius, method),)}
        case Lbp3d(levels=levels, radius=radius, subdivision=subdivision):
            return lbp.lbp3d_images(levels=levels, radius=radius, subdivision=subdivision)
    return {"original": ()}


def left_out(kind: ImageType, form: Form, slice_axis: str | None) -> list[str]:
    """Why images of an image type are not made, where the image is too small for a sigma, or a level of wavelets."""
    match kind:
        case LoG(sigma_mm=sigmas):
            return [reason for sigma in sigmas if (reason := log.too_small(form.grid, sigma))]
        case Wavelet(wavelet=name, start_level=first, levels=levels):
            reason = wavelet.too_deep(name, first + levels, shape=form.grid.shape, axes=_within(form, slice_axis))
            return [reason] if reason else []
    return []


def _bands(kind: Wavelet, form: Form, slice_axis: str | None) -> Chains:
    """The bands of all levels that are not too deep; the approximation is that of the last level only."""
    axes, shape = _within(form, slice_axis), form.grid.shape
    levels = min(kind.levels, wavelet.deepest(kind.wavelet, shape=shape, axes=axes) - kind.start_level)
    if levels < 1:
        return {}
    made = wavelet.bands(kind.wavelet, shape=shape, start_level=kind.start_level, levels=levels, axes=axes)
    if levels < kind.levels:
        made.popitem()
    return made


def _within(form: Form, slice_axis: str | None) -> list[int]:
    """x, y and, where the image has it, z, without the axis across slices."""
    return [axis for axis in (2, 1, 0)[: form.grid.dimensions] if axis != AXES.get(slice_axis)]


def _log_name(sigma: float) -> str:
    """As PyRadiomics writes it: with the digits that the settings have."""
    return f"log-sigma-{str(sigma).replace('.', '-')}-mm-3D"
