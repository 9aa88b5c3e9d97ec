"""Tables of the recursive Gaussian: ITK's response to an impulse, and what they add up to."""

import numpy as np
import pytest
import SimpleITK as sitk

import naive_log
from voxmill_kernels.image.gaussian import reach, table

SIGMAS = (0.1, 0.3, 0.7, 1.25, 3.75, 50 / 3)


def response(sigma: float, order: int) -> np.ndarray:
    """What ITK makes of a single voxel 1, from there on; not normalised across scale."""
    half = 4 * reach(sigma) + 4
    line = np.zeros((4, 4, 2 * half + 1))
    line[..., half] = 1
    gaussian = sitk.RecursiveGaussianImageFilter()
    gaussian.SetSigma(sigma)
    gaussian.SetDirection(0)
    gaussian.SetOrder(gaussian.SecondOrder if order else gaussian.ZeroOrder)
    made: np.ndarray = sitk.GetArrayFromImage(gaussian.Execute(sitk.GetImageFromArray(line)))[0, 0, half:]
    return made.astype(np.float64)


@pytest.mark.parametrize("order", [0, 2])
@pytest.mark.parametrize("sigma", SIGMAS)
def test_as_itk_answers_an_impulse(sigma: float, order: int) -> None:
    """ITK stores float32: half a unit of the largest weight's last place."""
    weights, theirs = table(sigma, order), response(sigma, order)
    near = 2.0**-24 * abs(weights).max()
    np.testing.assert_allclose(weights[:-1], theirs[: len(weights) - 1], rtol=0, atol=near)
    assert weights[-1] == pytest.approx(theirs[len(weights) - 1 :].sum(), abs=near)


@pytest.mark.parametrize("order", [0, 2])
@pytest.mark.parametrize("sigma", SIGMAS)
def test_as_the_recursion_answers_an_impulse(sigma: float, order: int) -> None:
    """The recursion loses digits: where sigma is small to the second derivative, where it is large to its own poles."""
    half = 4 * reach(sigma) + 4
    impulse = [0.0] * half + [1.0] + [0.0] * half
    theirs = naive_log.both_ways(impulse, *naive_log.filters(sigma, order))[half:]
    weights = table(sigma, order)
    near = (1e-9 if sigma < 0.3 else 1e-12) * abs(weights).max()
    np.testing.assert_allclose(weights[:-1], theirs[: len(weights) - 1], rtol=0, atol=near)


@pytest.mark.parametrize("sigma", SIGMAS)
def test_a_constant_stays_and_has_no_curvature(sigma: float) -> None:
    smooth, curved = table(sigma, 0), table(sigma, 2)
    assert smooth[0] + 2 * smooth[1:].sum() == pytest.approx(1, abs=1e-15)
    assert curved[0] + 2 * curved[1:].sum() == pytest.approx(0, abs=1e-15 * abs(curved[0]))


@pytest.mark.parametrize("sigma", SIGMAS[2:])
def test_what_is_cut_off_is_less_than_float32_rounds_to(sigma: float) -> None:
    for order in (0, 2):
        assert abs(table(sigma, order)[-1]) * sigma**order < 1e-8


def test_the_same_bytes_everywhere() -> None:
    """Weights as they came out once: no library of the processor or system has a part in them."""
    assert [weight.hex() for weight in table(1.25, 0)[:3].tolist()] == [
        "0x1.47be689c8a45bp-2",
        "0x1.dbf835dadf7a0p-3",
        "0x1.6c8ada1bad7dfp-4",
    ]
    assert [weight.hex() for weight in table(1.25, 2)[:3].tolist()] == [
        "-0x1.a5f8531d84ca8p-3",
        "-0x1.b077b208b377fp-5",
        "0x1.6a4b6f975421fp-4",
    ]
