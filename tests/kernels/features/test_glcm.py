"""GLCM features equal those of the definition, averaged over the directions that hold a pair.

Relative differences up to 1e-12 come of sums in another order. An absolute 1e-12 goes with them, 1e-9 for ClusterShade:
both for sums of terms that cancel, of cubes of up to 80 there. Imc2 is the root of what may be nothing but rounding, so
its square is compared.
"""

import numpy as np
import pytest
from hypothesis import given

import naive_regions
from kernel_cases import VOLUMES, Volume, batch_of, blocks, by_name, swept, volumes
from voxmill_kernels.count.sums import sum_glcm
from voxmill_kernels.features.glcm import FEATURES, glcm_features


def measured(volume: Volume) -> dict[str, float]:
    matrix, (numbers,) = swept(volume).glcm, batch_of(volume).numbers
    return by_name(FEATURES, glcm_features(sum_glcm(matrix, numbers), matrix, numbers))


def assert_equals_definition(volume: Volume) -> None:
    ours, expected = measured(volume), naive_regions.glcm_features(volume)
    if not expected:
        assert np.isnan(list(ours.values())).all()
        return
    assert ours.keys() == expected.keys()
    for name, value in expected.items():
        atol = 1e-9 if name == "ClusterShade" else 1e-12
        power = 2 if name == "Imc2" else 1
        np.testing.assert_allclose(ours[name] ** power, value**power, rtol=1e-12, atol=atol, err_msg=name)


@pytest.mark.parametrize("volume", [*VOLUMES.values(), blocks()], ids=[*VOLUMES, "blocks"])
def test_named_regions(volume: Volume) -> None:
    assert_equals_definition(volume)


@given(volume=volumes(max_side=4))
def test_drawn_regions(volume: Volume) -> None:
    assert_equals_definition(volume)


def test_one_level() -> None:
    ours = measured(VOLUMES["flat"])
    assert [ours[name] for name in ("Correlation", "MCC", "Imc1", "Imc2", "Contrast", "JointEntropy")] == [
        *(1, 1, 0, 0, 0, 0)
    ]


def test_no_pair_of_voxels_is_undefined() -> None:
    assert np.isnan(list(measured(VOLUMES["far apart"]).values())).all()


@given(volume=volumes(max_side=4))
def test_mirroring_changes_nothing(volume: Volume) -> None:
    """The directions come in another order, turned around or not, so that only roundings differ."""
    mirrored = np.ascontiguousarray(volume[::-1, :, ::-1].transpose(2, 0, 1))
    ours, other = measured(volume), measured(mirrored)
    for name, value in ours.items():
        atol = 1e-7 if name == "Imc2" else 1e-9
        np.testing.assert_allclose(other[name], value, rtol=1e-12, atol=atol, err_msg=name)
