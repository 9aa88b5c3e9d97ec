"""Image types → the operators that make their images, by the names that these have in columns."""

from collections.abc import Mapping, Sequence

from voxmill.errors import InputError
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
from voxmill.operators import gradient, lbp, log, pointwise, wavelet
from voxmill.operators.operator import Form, Operator

Chains = dict[str, tuple[Operator, ...]]
AXES: Mapping[str | None, int] = {"z": 0, "first": 0, "y": 1, "second": 1, "x": 2, "third": 2}


def alone(kind: ImageType) -> tuple[ImageType, ...]:
    """An image type, in parts that are left out one by one where they cannot be made: LoG sigma by sigma."""
    if isinstance(kind, LoG):
        return tuple(kind.model_copy(update={"sigma_mm": (sigma,)}) for sigma in kind.sigma_mm)
    return (kind,)


def chains(kind: ImageType, form: Form, slice_axis: str | None) -> Chains:
    """The operators behind every image of an image type, made of an image like this one, in PyRadiomics' order.

    Those of the original image are none. `slice_axis`: across which slices are taken, None for three dimensions. Raises
    InputError where the image is too small.
    """
    match kind:
        case LoG(sigma_mm=sigmas):
            return {_log_name(sigma): (_laplacian(sigma, form),) for sigma in sigmas}
        case Wavelet():
            axes = [axis for axis in (2, 1, 0)[: form.grid.dimensions] if axis != AXES.get(slice_axis)]
            levels, first = kind.levels, kind.start_level
            _refuse_deep(first + levels, form, axes)
            return wavelet.bands(kind.wavelet, shape=form.grid.shape, start_level=first, levels=levels, axes=axes)
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
            axis = AXES.get(kind.axis or slice_axis, 0)
            return {"lbp-2D": (lbp.Lbp2d(axis, samples, radius, method),)}
        case Lbp3d(levels=levels, radius=radius, subdivision=subdivision):
            return lbp.lbp3d_images(levels=levels, radius=radius, subdivision=subdivision)
    return {"original": ()}


def _log_name(sigma: float) -> str:
    """As PyRadiomics writes it: with the digits that the settings have."""
    return f"log-sigma-{str(sigma).replace('.', '-')}-mm-3D"


def _refuse_deep(level: int, form: Form, axes: Sequence[int]) -> None:
    """A level that averages over more than the whole image says nothing more than the one before."""
    longest = max(form.grid.shape[axis] for axis in axes)
    deepest = max(1, (longest - 1).bit_length())
    if level > deepest:
        raise InputError(
            f"level {level} of a wavelet is too deep for an image of {longest} voxels, which has {deepest}; "
            "choose fewer levels, or a smaller start level"
        )


def _laplacian(sigma: float, form: Form) -> Operator:
    reason = log.too_small(form.grid, sigma)
    if reason:
        raise InputError(reason)
    return log.Laplacian(float(sigma))
