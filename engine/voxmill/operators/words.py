"""Operators and facts → plain words, for people who look at a plan."""

from voxmill.grid import Window
from voxmill.operators.crop import Crop
from voxmill.operators.gradient import Gradient
from voxmill.operators.lbp import Field, Lbp2d, Lbp3d
from voxmill.operators.log import Laplacian
from voxmill.operators.normalise import Normalise
from voxmill.operators.operator import Fact, Operator
from voxmill.operators.pointwise import Exponential, Logarithm, Square, SquareRoot
from voxmill.operators.resample import Coefficients, OntoGrid
from voxmill.operators.scale import Scale
from voxmill.operators.wavelet import EvenWrap, Pass
from voxmill_kernels.facts import Extremes, Moments


def words(operator: Operator) -> str:
    """What an operator does; axes by their letters, sizes x, y, z."""
    match operator:
        case Scale(factor=factor):
            return f"every intensity times {factor:.6g}"
        case Normalise():
            return "normalised by mean and deviation"
        case Crop(window=window):
            return f"cut to {_size(window)} voxels"
        case Coefficients():
            return "coefficients of the B-spline"
        case OntoGrid(interpolator=name):
            return f"resampled ({name})"
        case EvenWrap(axis=axis):
            return f"one voxel longer along {'zyx'[axis]}"
        case Pass(axis=axis, wavelet=name, high=high):
            return f"{name}, {'high' if high else 'low'} pass along {'zyx'[axis]}"
        case Laplacian(sigma_mm=sigma):
            return f"Laplacian of Gaussian, {sigma:g} mm"
        case Gradient(use_spacing=use_spacing):
            return f"gradient per {'mm' if use_spacing else 'voxel'}"
        case Lbp2d(axis=axis):
            return f"binary patterns across {'zyx'[axis]}"
        case Lbp3d():
            return "binary patterns in space"
        case Field(name=name):
            return f"{name} of the patterns"
        case Square() | SquareRoot() | Logarithm() | Exponential():
            return type(operator).__name__.replace("Root", " root").lower()
    raise TypeError(f"{type(operator).__name__} has no words yet")


def words_of_fact(fact: Fact) -> str:
    """What is known of a whole image."""
    match fact:
        case Moments(mean=mean, deviation=deviation):
            return f"mean {mean:.6g}, deviation {deviation:.6g}"
        case Extremes(lowest=lowest, highest=highest):
            return f"intensities from {lowest:.6g} to {highest:.6g}"
    raise TypeError(f"{type(fact).__name__} has no words yet")


def _size(window: Window) -> str:
    return " x ".join(map(str, window.shape[::-1]))
