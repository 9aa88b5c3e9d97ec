"""Threads that work on a device, each in its own stream, and give arrays to one another: a missing wait shows."""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

import voxmill as vm
from cuda_host import HostProcess
from late_streams import PATIENCE_S, LateDevice, late
from test_on_device import WAVELET, assert_same_rows, twelve
from voxmill import computing
from voxmill.computing import FoundGPU
from voxmill.textures import COMBINER


@dataclass(frozen=True)
class Crowded(LateDevice):
    """Begins to count when so many threads want that, once."""

    crowd: int = 1
    begun: list[str] = field(default_factory=list)

    def launch(self, kernel: str, blocks: int, arguments: Sequence[Any], *, shared: int = 0) -> None:
        end = time.monotonic() + PATIENCE_S
        while not self.begun and COMBINER.asking < self.crowd and kernel.startswith("sweep"):
            assert time.monotonic() < end
            time.sleep(0.001)
        if kernel.startswith("begin_zones"):
            self.begun.append(kernel)
        super().launch(kernel, blocks, arguments, shared=shared)


@pytest.mark.parametrize("settings", [{}, WAVELET], ids=["defaults", "wavelet"])
def test_rows_are_those_of_the_cpu(
    plain: HostProcess, monkeypatch: pytest.MonkeyPatch, settings: Mapping[str, Any]
) -> None:
    image, mask = twelve()
    images = [vm.Volume(image.array + more, image.grid) for more in range(0, 160, 40)]
    expected = [vm.extract(one, mask, settings=settings, device="cpu") for one in images]
    with late(Crowded(plain, crowd=len(images))) as device:
        monkeypatch.setattr(computing, "_FOUND", [FoundGPU(device)])
        with ThreadPoolExecutor(len(images)) as pool:
            found = list(pool.map(lambda one: vm.extract(one, mask, settings=settings), images))
    assert len(device.begun) < len(images)
    for table, other in zip(found, expected, strict=True):
        assert_same_rows(table, other)
