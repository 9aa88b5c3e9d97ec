"""Extractions on threads of this machine in place of a GPU, where other processes can import them."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cuda_host import HostArray, HostDevice, HostProcess
from voxmill import computing
from voxmill.cohort.cases import CohortCase
from voxmill.cohort.job import Extraction
from voxmill.textures import COMBINER
from voxmill_kernels.array import register

PATIENCE_S = 20.0


@dataclass(frozen=True)
class Gathering(HostDevice):
    """Counts what the first case asks for at once, and what comes then when so many wait for that."""

    crowd: int = 1
    counted: list[str] = field(default_factory=list)

    def launch(self, kernel: str, blocks: int, arguments: Sequence[Any], *, shared: int = 0) -> None:
        if kernel.startswith("sweep") and len(self.counted) == 1:
            end = time.monotonic() + PATIENCE_S
            while COMBINER.asking < self.crowd:
                assert time.monotonic() < end
                time.sleep(0.001)
        if kernel == "begin_zones8":
            self.counted.append(kernel)
        super().launch(kernel, blocks, arguments, shared=shared)


@dataclass(frozen=True)
class OnHost(Extraction):
    """An extraction on a device that runs a program; it tells how often that has counted, and how many share it."""

    program: Path = Path()
    crowd: int = 1

    def load(self, case: CohortCase) -> None:
        if not computing._FOUND:
            device = Gathering(HostProcess(self.program), crowd=self.crowd)
            register(HostArray, device, np)
            computing._FOUND.append(computing.FoundGPU(device))
        super().load(case)

    def do(self, case: CohortCase, enter: Callable[[str], None]) -> Mapping[str, Any]:
        found = super().do(case, enter)
        device = computing.find_gpu().device
        assert isinstance(device, Gathering)
        return {**found, "counted": len(device.counted), "sharing": computing.SHARING.get()}
