"""Regions on a GPU: intensities, levels, arenas and scans equal those of the CPU, to the last bit."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuda_cases import NARROW, WIDE
from cuda_regions import (
    SETTINGS,
    SPREADS,
    TYPES,
    assert_gathers_as_the_cpu,
    assert_levels_as_the_cpu,
    assert_packed_as_the_cpu,
    assert_scans_as_the_cpu,
    intensities_of,
    regions,
)
from kernel_cases import VOLUMES, Volume, read_only
from voxmill_kernels.device import Device

pytestmark = pytest.mark.gpu


@pytest.mark.parametrize("dtype", TYPES)
@given(data=st.data(), setting=st.sampled_from(SETTINGS))
def test_drawn_regions(gpu: Device, dtype: str, data: st.DataObject, setting: dict[str, Any]) -> None:
    image, inside = data.draw(regions(dtype))
    assert_gathers_as_the_cpu(gpu, image, inside)
    assert_levels_as_the_cpu(gpu, read_only(image[inside]), **setting)
    assert_scans_as_the_cpu(gpu, inside)


@pytest.mark.parametrize("spread", SPREADS)
@pytest.mark.parametrize("dtype", TYPES)
def test_many_voxels(gpu: Device, dtype: str, spread: float) -> None:
    values = intensities_of((300_000,), dtype, spread)
    assert_levels_as_the_cpu(gpu, values, width=spread / 20)
    assert_levels_as_the_cpu(gpu, values, count=400)


@pytest.mark.parametrize("volumes", [NARROW, WIDE], ids=["8 bits", "16 bits"])
def test_arenas(gpu: Device, volumes: list[Volume]) -> None:
    assert_packed_as_the_cpu(gpu, volumes, 2)


def test_scans(gpu: Device) -> None:
    for volume in VOLUMES.values():
        assert_scans_as_the_cpu(gpu, read_only(volume > 0))
    noise = np.random.default_rng(4).random((60, 90, 120))
    assert_scans_as_the_cpu(gpu, read_only(noise < 0.7))
