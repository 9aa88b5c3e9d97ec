"""Resegmentation: PyRadiomics' limits, in the type in which it computes them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxmill.operators.resegment import Resegment

LIMITS = {"absolute": (-10.5, 40.0), "relative": (0.2, 0.8), "sigma": (-1.5, 2.0)}


def naive(values: np.ndarray, limits: tuple[float, ...], mode: str) -> list[bool]:
    if mode == "relative":
        limits = tuple(float(values.max()) * one for one in limits)
    if mode == "sigma":
        mean = sum(values.tolist()) / len(values)
        deviation = (sum((value - mean) ** 2 for value in values.tolist()) / len(values)) ** 0.5
        limits = tuple(mean + one * deviation for one in limits)
    upper = limits[1] if len(limits) == 2 else np.inf
    return [limits[0] <= value <= upper for value in values.tolist()]


@given(st.lists(st.integers(-100, 100), min_size=2), st.sampled_from(sorted(LIMITS)), st.booleans())
def test_against_the_definition(values: list[int], mode: str, both: bool) -> None:  # noqa: FBT001
    limits = LIMITS[mode] if both else LIMITS[mode][:1]
    given_values = np.array(values, dtype=np.int16)
    assert Resegment(limits, mode).keep(given_values).tolist() == naive(given_values, limits, mode)


def test_both_limits_are_included() -> None:
    values = np.array([9, 10, 15, 20, 21], dtype=np.int16)
    assert Resegment((10, 20), "absolute").keep(values).tolist() == [False, True, True, True, False]
    assert Resegment((10,), "absolute").keep(values).tolist() == [False, True, True, True, True]


def test_limits_of_float32_are_float32() -> None:
    values = np.random.default_rng(0).normal(size=1000).astype(np.float32)
    assert all(limit.dtype == np.float32 for limit in Resegment((-1, 1), "sigma").limits(values))
    assert Resegment((0.1,), "absolute").keep(np.array([0.1], dtype=np.float32)).all()


@pytest.mark.parametrize("mode", sorted(LIMITS))
def test_a_flat_region_lies_within_its_own_limits(mode: str) -> None:
    values = np.full(10, 7, dtype=np.int16)
    assert Resegment((-10, 10), mode).keep(values).all()


@pytest.mark.parametrize("mode", sorted(LIMITS))
def test_limits_beyond_float32_limit_nothing(mode: str) -> None:
    values = np.array([1, 2, 3], dtype=np.float32)
    assert Resegment((-1e300, 1e300), mode).keep(values).all()
