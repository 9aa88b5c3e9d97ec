"""The launch through CuPy, with another module in its place: what it is told, and what comes back."""

import importlib
import os
import sys

import numpy as np
import pytest

from cuda_cases import NARROW, Task, assert_counts_as_the_cpu
from cuda_host import HostDevice, HostProcess
from fake_cupy import fake_cupy
from kernel_cases import read_only
from voxmill_kernels.cache import kernel_cache

LAUNCH = "voxmill_kernels.cuda.launch"


@pytest.mark.parametrize("shared_bytes", [48 << 10, 227 << 10])
def test_counts_are_those_of_the_cpu(plain: HostProcess, monkeypatch: pytest.MonkeyPatch, shared_bytes: int) -> None:
    """Of a region, too, whose counts take more of a block's memory than a kernel has without asking."""
    monkeypatch.setitem(sys.modules, "cupy", fake_cupy(HostDevice(plain, shared_bytes=shared_bytes)))
    monkeypatch.setenv("CUPY_CACHE_DIR", "replaced")
    monkeypatch.delenv("CUPY_CACHE_DIR")
    monkeypatch.delitem(sys.modules, LAUNCH, raising=False)
    launch = importlib.import_module(LAUNCH)
    del sys.modules[LAUNCH]
    folder = kernel_cache().folder
    assert folder is None or os.environ["CUPY_CACHE_DIR"] == str(folder / "cupy")
    sixty_levels = read_only(np.arange(1, 61).reshape(3, 4, 5))
    assert_counts_as_the_cpu(launch.CupyDevice(), [*NARROW, sixty_levels], Task())
