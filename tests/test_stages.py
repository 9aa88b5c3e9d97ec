"""Stages are noted while they are watched, by every thread, and never otherwise; threads change no row."""

import time
from typing import Any

import numpy as np
import pytest

import voxmill as vm
from voxmill.stages import STAGES, Stages, stage, watch_stages

random = np.random.default_rng(7)
VOXELS = random.integers(0, 400, size=(12, 40, 40)).astype(np.int16)
LABELS = np.zeros(VOXELS.shape, dtype=np.uint8)
for number in range(1, 9):
    LABELS[:, 5 * (number - 1) : 5 * number - 1, 4 : 30 - number] = number
IMAGE = vm.Volume(VOXELS, spacing=(0.9, 0.9, 3))


def test_threads_change_no_row() -> None:
    mask = vm.Mask(LABELS, IMAGE.grid)
    alone, together = vm.extract(IMAGE, mask), vm.extract(IMAGE, mask, threads=4)
    assert [row.region for row in together.rows] == [str(number) for number in range(1, 9)]
    assert alone.to_csv() == together.to_csv()


def test_a_region_that_fails_fails_alone_in_threads_too() -> None:
    labels = LABELS.copy()
    labels[labels == 3] = 0
    labels[0, 0, 0] = 3
    table = vm.extract(IMAGE, vm.Mask(labels, IMAGE.grid), threads=3)
    assert [row.region for row in table.failed] == ["3"]


@pytest.mark.parametrize("threads", [0, -1])
def test_less_than_one_thread_is_refused(threads: int) -> None:
    with pytest.raises(vm.SettingsError, match=f"threads: at least 1; found {threads}"):
        vm.extract(IMAGE, vm.Mask(LABELS, IMAGE.grid), threads=threads)


@pytest.mark.parametrize("threads", [float("nan"), 2.0, True, None, "2"])
def test_threads_are_a_whole_number(threads: Any) -> None:  # noqa: ANN401 (whatever a caller gives)
    with pytest.raises(vm.SettingsError, match="threads: a whole number is needed; found"):
        vm.extract(IMAGE, vm.Mask(LABELS, IMAGE.grid), threads=threads)


@pytest.mark.parametrize("threads", [1, 2])
def test_every_stage_is_noted(threads: int) -> None:
    with watch_stages() as stages:
        vm.extract(IMAGE, vm.Mask(LABELS, IMAGE.grid), settings={"images": ["original", "square"]}, threads=threads)
    assert tuple(stages.seconds) == STAGES
    assert all(seconds > 0 for seconds in stages.seconds.values())
    assert not any(stages.peak_bytes.values())


def test_nothing_is_counted_that_nobody_wants() -> None:
    with watch_stages() as stages:
        table = vm.extract(IMAGE, vm.Mask(LABELS, IMAGE.grid), settings={"features": ["shape", "firstorder"]})
    assert len(table.columns) == 14 + 18
    assert stages.seconds["count"] == 0
    assert stages.seconds["shape"] > 0


def test_what_is_found_of_whole_images_is_no_filter() -> None:
    with watch_stages() as stages:
        vm.extract(IMAGE, vm.Mask(LABELS, IMAGE.grid), settings={"images": ["gradient"]})
    assert stages.seconds["facts"] == 0
    assert stages.seconds["filters"] > 0


def test_stages_are_not_within_others() -> None:
    """Of an image of which facts are found for its diagnostics, too."""
    used = {
        "diagnostics": True,
        "normalise": True,
        "images": ["original", "square"],
        "resample": {"spacing_mm": [1, 1, 3]},
    }
    start = time.perf_counter()
    with watch_stages() as stages:
        vm.extract(IMAGE, vm.Mask(LABELS, IMAGE.grid), settings=used)
    assert sum(stages.seconds.values()) <= time.perf_counter() - start


def test_nothing_is_noted_when_nobody_watches() -> None:
    with watch_stages() as stages:
        pass
    vm.extract(IMAGE, vm.Mask(LABELS, IMAGE.grid))
    assert not any(stages.seconds.values())


def test_an_error_counts_too() -> None:
    @stage("count")
    def fail() -> None:
        raise ValueError("no")

    with watch_stages() as stages, pytest.raises(ValueError, match="no"):
        fail()
    assert stages.seconds["count"] > 0


def test_the_most_bytes_of_a_stage_are_kept() -> None:
    stages = Stages()
    for allocated in (3, 9, 4):
        stages.note("sums", 0.5, allocated)
    assert (stages.seconds["sums"], stages.peak_bytes["sums"]) == (1.5, 9)
