"""Image types: filtered images that regions are measured in, beside the original one, each with its own settings."""

# No `from __future__ import annotations` here: pydantic reads the annotations.
import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticKnownError

from voxmill.errors import SettingsError, brief, nearest
from voxmill.measuring_settings import Alpha, Discretise, Distances, SliceAxis, Truth, Weighting
from voxmill.models import Model, Real, Whole

MOST_LEVELS = 16
MOST_SUBDIVISIONS = 5
"""Of the icosphere of LBP3D, which then has 10,242 points."""


class ImageType(Model):
    """An image type; what is not given is as for all image types."""

    discretise: Discretise | None = None
    """How intensities become grey levels in these images."""
    slice_axis: SliceAxis | None = None
    """Texture within slices across this axis only; null for three dimensions."""
    distances: Distances | None = None
    """How far away the neighbours of a voxel are, in voxels (GLCM, GLDM, NGTDM)."""
    gldm_alpha: Alpha | None = None
    """By how many grey levels a neighbour that depends on a voxel may differ from it (GLDM)."""
    glcm_symmetric: Truth | None = None
    """Whether a pair of voxels counts both ways (GLCM)."""
    weighting: Weighting | None = None
    """How matrices of all directions become one; null for the mean of the features of every direction."""
    voxel_array_shift: Real | None = None
    """Added to every intensity before it is squared in Energy, TotalEnergy and RootMeanSquared."""

    @property
    def own(self) -> dict[str, Any]:
        """The settings that these images have of their own."""
        given = self.model_fields_set
        return {name: getattr(self, name) for name in ImageType.model_fields if name in given} if given else {}


class Original(ImageType):
    """The image itself, after the steps."""


def _kept(value: object) -> object:
    """A number as it is written: it becomes part of a column's name."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"give a number; found {brief(value)}")
    if not math.isfinite(value):
        raise PydanticKnownError("finite_number")
    return value


Sigma: TypeAlias = Annotated[int | float, BeforeValidator(_kept), Field(gt=0)]


def _some_once(sigmas: tuple[int | float, ...]) -> tuple[int | float, ...]:
    if not sigmas or len(set(map(str, sigmas))) < len(sigmas):
        raise ValueError(f"give at least one, each once; found {brief(list(sigmas))}")
    return sigmas


class LoG(ImageType):
    """The Laplacian of Gaussian: edges and blobs of a size."""

    sigma_mm: Annotated[tuple[Sigma, ...], AfterValidator(_some_once)]
    """Widths of the Gaussian in mm, an image for each: `log-sigma-2-0-mm-3D` for 2.0."""


def _known(name: str) -> str:
    from voxmill_kernels.image.wavelet import names

    if name not in names():
        raise ValueError(f"there is no wavelet {brief(name)}{nearest(name, names())}")
    return name


class Wavelet(ImageType):
    """Undecimated wavelet bands: `wavelet-LLH` is low along x and y, high along z."""

    wavelet: Annotated[str, AfterValidator(_known)] = "coif1"
    """A wavelet of PyWavelets that has filters: haar, dbN, symN, coifN, biorN.M, rbioN.M, dmey."""
    start_level: Annotated[Whole, Field(ge=0, le=20)] = 0
    """How many levels come before the first that is measured."""
    levels: Annotated[Whole, Field(ge=1, le=20)] = 1
    """How many levels are measured: the bands of each, and the approximation of the last."""


class Square(ImageType):
    """The square of the intensities, scaled by the largest one of the image."""


class SquareRoot(ImageType):
    """The root of the absolute intensities with their sign, scaled by the largest one of the image."""


class Logarithm(ImageType):
    """The logarithm of the absolute intensities plus 1 with their sign, scaled by the largest one of the image."""


class Exponential(ImageType):
    """The exponential of the intensities, scaled by the largest one of the image."""


class Gradient(ImageType):
    """The magnitude of the gradient."""

    use_spacing: Truth = True
    """Whether it is per mm (true) or per voxel (false)."""


def most_samples(method: str) -> int:
    """How many samples LBP2D takes by a method, at most."""
    from voxmill_kernels.image.circle import MOST_SAMPLES

    return MOST_SAMPLES[method]


class Lbp2d(ImageType):
    """Local binary patterns of slices: which voxels of a circle around a voxel are at least as bright as it."""

    axis: SliceAxis | None = None
    """Which axis slices lie across; null for that of the texture, or else the first."""
    samples: Annotated[Whole, Field(ge=1, le=1024)] = 8
    """How many points a circle has; by the methods default and ror 31 at most, by nri_uniform 127."""
    radius: Annotated[Real, Field(gt=0)] = 1
    """The radius of the circle in voxels."""
    method: Literal["default", "ror", "uniform", "nri_uniform", "var"] = "uniform"
    """What becomes of the pattern, as in scikit-image."""

    def _require_sense(self) -> None:
        most = most_samples(self.method)
        if self.samples > most:
            raise SettingsError(f"samples must be at most {most} by the method {self.method}; found {self.samples}")


class Lbp3d(ImageType):
    """Local binary patterns in space, by spherical harmonics: an image for each level, and one of the kurtosis."""

    levels: Annotated[Whole, Field(ge=1, le=MOST_LEVELS)] = 2
    """How many levels of harmonics."""
    radius: Annotated[Real, Field(gt=0)] = 1
    """The radius of the sphere in voxels."""
    subdivision: Annotated[Whole, Field(ge=0, le=MOST_SUBDIVISIONS)] = 1
    """How often the triangles of the icosahedron are divided into four."""


IMAGE_TYPES: Mapping[str, type[ImageType]] = {
    "original": Original,
    "log": LoG,
    "wavelet": Wavelet,
    "square": Square,
    "squareroot": SquareRoot,
    "logarithm": Logarithm,
    "exponential": Exponential,
    "gradient": Gradient,
    "lbp2d": Lbp2d,
    "lbp3d": Lbp3d,
}
"""By the names that settings and columns have for them."""
