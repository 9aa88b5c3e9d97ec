"""Who is measured: each tool with its adapter, and the process that measures it."""

import json
import os
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from environments import CACHE

HERE = Path(__file__).parent
ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "NUMBA_NUM_THREADS",
        "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS",
        "PICTOLOGICS_NUM_THREADS",
    ),
    "1",
)


@dataclass(frozen=True)
class Tool:
    """A title for the table, the adapter's module and function, and the environment (None: the driver's own)."""

    title: str
    adapter: str
    function: str
    environment: str | None = None
    in_table: bool = True


OURS, PREPARED = "voxmill", "voxmill-prepared"
TOOLS: Mapping[str, Tool] = {
    OURS: Tool("Voxmill", "voxmill", "bare_arrays"),
    PREPARED: Tool("Voxmill, box known", "voxmill", "prepared", in_table=False),
    "voxmill-simpleitk": Tool("Voxmill, from SimpleITK", "voxmill", "simpleitk_images", in_table=False),
    "pictologics": Tool("pictologics", "pictologics", "pipeline", "pictologics"),
    "pyradiomics": Tool("PyRadiomics", "pyradiomics", "features_only", "pyradiomics"),
    "pyradiomics-info": Tool(
        "PyRadiomics, additionalInfo", "pyradiomics", "with_information", "pyradiomics", in_table=False
    ),
    "flash-radiomics": Tool("flash-radiomics", "flash_radiomics", "two_calls", "flash-radiomics"),
    "fastrad": Tool("fastrad (CPU)", "fastrad", "tensors", "fastrad"),
}


class ToolError(Exception):
    """A tool that gave no answer; the sentence says why."""


@dataclass(frozen=True)
class Limits:
    """Seconds that a tool may use on a workload, seconds for one answer, bytes of memory."""

    budget_s: float
    answer_s: float
    memory: int


class Process:
    """One tool on one workload, in a process of its own that waits to be asked for turns."""

    def __init__(self, name: str, python: Path, folders: tuple[Path, Path]) -> None:
        self.tool, self.python, self.folders = TOOLS[name], python, folders
        self.log = CACHE / "logs" / f"{folders[1].name}-{name}.log"
        self.process: subprocess.Popen[str] | None = None
        self.answer_s = 0.0

    def begin(self, limits: Limits) -> dict[str, Any]:
        """Start it, and wait until it is prepared and warm: what it says then."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.answer_s = limits.answer_s
        options = [str(limits.budget_s), str(limits.memory)]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [self.python, HERE / "measure.py", self.tool.adapter, self.tool.function, *self.folders, *options],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, **ONE_THREAD},
            )
        return _answer(self.process, limits.answer_s)

    def turn(self) -> dict[str, Any]:
        """Let it measure once."""
        assert self.process
        assert self.process.stdin
        try:
            print("turn", file=self.process.stdin, flush=True)
        except BrokenPipeError:
            raise ToolError("its process has ended") from None
        return _answer(self.process, self.answer_s)

    def end(self) -> None:
        """Stop it, whatever it does."""
        if self.process:
            self.process.kill()
            self.process.communicate()


def _answer(process: "subprocess.Popen[str]", limit_s: float) -> dict[str, Any]:
    assert process.stdout
    watch = threading.Timer(limit_s, process.kill)
    watch.start()
    line = process.stdout.readline()
    in_time = watch.is_alive()
    watch.cancel()
    if not line:
        raise ToolError(f"its process ended with {process.wait()}" if in_time else f"no answer in {limit_s:.0f} s")
    answer: dict[str, Any] = json.loads(line)
    if "error" in answer:
        raise ToolError(answer["error"])
    return answer
