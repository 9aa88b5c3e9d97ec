"""What an extraction reads, computes and holds: counted, not timed."""

import tracemalloc
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

import voxmill as vm
from small_images import case, sitk_image, texture
from voxmill.operators.resample import Interpolate
from voxmill.operators.wavelet import Pass
from voxmill.pyradiomics import imageoperations
from voxmill_kernels.facts import Extremes, Moments

MEAN: Mapping[str, Any] = {"firstorder": ["Mean"]}


def peak_bytes(mask: vm.Mask, used: Mapping[str, Any]) -> int:
    """The most bytes that are allocated at once while regions of noise are measured."""
    image = vm.Volume(np.random.default_rng(0).normal(0, 100, mask.grid.shape).astype(np.int16), mask.grid)
    settings = vm.Settings.parse({**used, "features": MEAN, "discretise": {"bin_count": 8}})
    vm.extract(image, mask, settings=settings)  # loads kernels
    tracemalloc.start()
    table = vm.extract(image, mask, settings=settings)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert not table.failed
    return peak


@pytest.mark.parametrize("images, most", [({"wavelet": {}}, 80), ({"log": {"sigma_mm": [1, 2, 3]}}, 45)], ids=str)
def test_images_are_held_one_at_a_time(images: Mapping[str, Any], most: int) -> None:
    """Bytes per voxel: all bands of a wavelet alone would have 64."""
    grid = vm.Grid.from_spacing((60, 60, 60), (1, 1, 1))
    assert peak_bytes(vm.Mask(np.ones(grid.shape, np.uint8), grid), {"images": images}) < most * 60**3


def test_overlapping_regions_hold_one_image_at_a_time() -> None:
    grid = vm.Grid.from_spacing((60, 60, 60), (1, 1, 1))
    layers = [np.zeros(grid.shape, np.uint8) for _ in range(6)]
    for margin, layer in enumerate(layers):
        layer[5 + margin : 55 - margin, 5:55, 5:55] = 1
    for steps in ({}, {"crop": True}):
        used = {"images": ["wavelet"], **steps}
        one, all_of_them = (peak_bytes(vm.Mask.of_layers(some, grid), used) for some in (layers[:1], layers))
        assert all_of_them < 2.5 * one


@pytest.fixture
def facts(monkeypatch: pytest.MonkeyPatch) -> Counter[type]:
    """Of how many voxels facts of a kind are found."""
    found: Counter[type] = Counter()

    def watch(kind: Any) -> None:  # noqa: ANN401 - a class of facts
        plain = kind.of.__func__

        def counted(cls: type, box: np.ndarray) -> Any:  # noqa: ANN401 - a fact
            found[kind] += box.size
            return plain(cls, box)

        monkeypatch.setattr(kind, "of", classmethod(counted))

    watch(Extremes)
    watch(Moments)
    return found


def many() -> tuple[vm.Volume, vm.Mask]:
    """An image of 80 regions."""
    image = vm.Volume(texture((12, 90, 100)), spacing=(1, 1, 1))
    labels = np.zeros(image.grid.shape, np.uint8)
    for number, (y, x) in enumerate(np.ndindex(8, 10), start=1):
        labels[4:8, 11 * y + 2 : 11 * y + 6, 10 * x + 2 : 10 * x + 6] = number
    return image, vm.Mask(labels, image.grid)


@pytest.mark.parametrize("threads", [1, 4])
def test_facts_of_the_whole_image_are_found_once(facts: Counter[type], threads: int) -> None:
    image, mask = many()
    for _ in range(2):
        vm.extract(image, mask, settings={"images": ["square", "exponential"], "features": MEAN}, threads=threads)
    assert facts[Extremes] == image.array.size


def test_facts_of_the_whole_image_outlive_those_of_regions(facts: Counter[type]) -> None:
    image, mask = many()
    used = {"normalise": True, "crop": {"margin_voxels": 1}, "images": ["square", "exponential"], "features": MEAN}
    for _ in range(2):
        vm.extract(image, mask, settings=used)
    assert facts[Moments] == image.array.size
    assert facts[Extremes] == 2 * 80 * 6**3


@pytest.fixture
def applied(monkeypatch: pytest.MonkeyPatch) -> Counter[type]:
    """How often operators of a kind are applied."""
    times: Counter[type] = Counter()

    def watch(kind: Any) -> None:  # noqa: ANN401 - a class of operators
        plain = kind.apply

        def counted(self: object, *given: object) -> Any:  # noqa: ANN401 - a box
            times[kind] += 1
            return plain(self, *given)

        monkeypatch.setattr(kind, "apply", counted)

    watch(Interpolate)
    watch(Pass)
    return times


def test_a_region_is_resampled_once(applied: Counter[type]) -> None:
    image, mask = case()
    used = {"images": ["original", "square", "wavelet"], "resample": {"spacing_mm": [1.3, 1.3, 2]}, "diagnostics": True}
    plain = vm.extract(image, mask, settings=used, labels=[1])
    assert applied[Interpolate] == 1
    assert applied[Pass] == 2 + 4 + 8
    assert not plain.failed


def test_bands_of_a_whole_image_share_their_passes(applied: Counter[type]) -> None:
    assert len(list(imageoperations.getWaveletImage(sitk_image(texture()), None, level=2))) == 15  # type: ignore[arg-type]
    assert applied[Pass] == 2 * (2 + 4 + 8)
