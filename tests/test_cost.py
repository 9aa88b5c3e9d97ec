"""What a first and what a later extraction cost, in processor time, so that other work does not count."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

IN_MEMORY = """
import numpy as np
import voxmill as vm
image = vm.Volume(np.random.default_rng(1).normal(40, 30, (12, 20, 20)).astype(np.int16), spacing=(1, 1, 3))
labels = np.zeros((12, 20, 20), np.uint8)
labels[3:9, 4:15, 5:16] = 1
(row,) = vm.extract(image, vm.Mask(labels, image.grid)).rows
assert row.error is None
"""

ONE_FUNCTION = """
import numpy as np
from numba import njit

@njit
def some(values):
    return np.median(np.sort(values)) + np.cumsum(values).std() + np.argsort(values).sum()

some(np.arange(5.0))
"""

UNCOMPILED = "PYTHONDONTWRITEBYTECODE"
"""Where this is set, Python compiles all modules of a process anew: not what is measured here."""

pytestmark = pytest.mark.skipif(os.name != "posix", reason="elsewhere the processor time of children is not told")


def processor_seconds(*command: object, **environment: str) -> float:
    before = os.times()
    done = subprocess.run(
        [sys.executable, *map(str, command)],
        env={**{name: value for name, value in os.environ.items() if name != UNCOMPILED}, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    after = os.times()
    assert done.returncode == 0, done.stderr
    return after.children_user + after.children_system - before.children_user - before.children_system


@pytest.mark.slow
def test_the_first_extraction(tmp_path: Path) -> None:
    """All kernels are compiled; beside what Numba takes for one function of another kind (measured: 6.3 times)."""
    one = min(processor_seconds("-c", ONE_FUNCTION) for _ in range(3))
    assert processor_seconds("-c", IN_MEMORY, VOXMILL_CACHE_DIR=str(tmp_path / "kernels")) < 8 * one
    assert list(tmp_path.glob("kernels/*/*.kernel"))


def test_later_ones(tmp_path: Path) -> None:
    """The whole process, from files to a file, once kernels have been compiled; beside what its libraries take.

    Machines differ by three times, so seconds would tell more of the machine.
    """
    image = np.random.default_rng(1).normal(40, 30, (12, 20, 20)).astype(np.int16)
    mask = np.zeros(image.shape, np.uint8)
    mask[3:9, 4:15, 5:16] = 1
    sitk.WriteImage(sitk.GetImageFromArray(image), str(tmp_path / "image.nrrd"))
    sitk.WriteImage(sitk.GetImageFromArray(mask), str(tmp_path / "mask.nrrd"))
    command = ("-m", "voxmill", "extract", tmp_path / "image.nrrd", tmp_path / "mask.nrrd", "-o", tmp_path / "out.json")
    processor_seconds(*command)
    libraries = min(processor_seconds("-c", "import numba, SimpleITK, pyarrow") for _ in range(3))
    assert min(processor_seconds(*command) for _ in range(3)) < 4 * libraries
