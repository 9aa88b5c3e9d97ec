"""Extractions on threads of this machine in place of a GPU, where other processes can import them."""

import os
import signal
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
UNDER_WAY: set[str] = set()
"""Cases that are done in this process now."""


@dataclass(frozen=True)
class Gathering(HostDevice):
    """Counts what the first case asks for at once, and what comes then when so many wait for that."""

    crowd: int = 1
    counted: list[str] = field(default_factory=list)
    faults: list[Exception] = field(default_factory=list)
    """What its driver says to all that comes, once it has failed."""

    def launch(self, kernel: str, blocks: int, arguments: Sequence[Any], *, shared: int = 0) -> None:
        for fault in self.faults:
            raise fault
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


@dataclass(frozen=True)
class Fates:
    """A case by name that kills its process ("die") or has its driver fail, when so many are under way together.

    folder: where is noted that they were.
    """

    folder: Path
    unlucky: str
    fate: str
    together: int

    def meet(self) -> None:
        """The first case has the process to itself; all that come then wait for each other, once."""
        begun, met = self.folder / "begun", self.folder / "met"
        if not begun.exists():
            begun.touch()
            return
        end = time.monotonic() + PATIENCE_S
        while not met.exists():
            if len(UNDER_WAY) >= self.together:
                met.touch()
            assert time.monotonic() < end
            time.sleep(0.001)

    def befall(self, case: CohortCase) -> None:
        """The case begins."""
        if case.name != self.unlucky:
            return
        if self.fate == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        device = computing.find_gpu().device
        assert isinstance(device, Gathering)
        device.faults.append(RuntimeError("cudaErrorIllegalAddress"))


@dataclass(frozen=True)
class Unlucky(OnHost):
    """The same, with the fate of one case."""

    fates: Fates = field(kw_only=True)

    def do(self, case: CohortCase, enter: Callable[[str], None]) -> Mapping[str, Any]:
        if os.environ[computing.VISIBLE] == computing.NO_GPU:
            return Extraction.do(self, case, enter)
        UNDER_WAY.add(case.name)
        try:
            self.fates.meet()
            self.fates.befall(case)
            return super().do(case, enter)
        finally:
            UNDER_WAY.discard(case.name)
