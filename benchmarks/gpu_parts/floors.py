"""What a device does at best, measured in the same run: how fast it copies, adds up in memory, and computes."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from gpu_parts.bench import Bench, Figures, Row, attempt
from gpu_parts.clock import Took

SOURCE = Path(__file__).with_name("floors.cu")
THREADS, BLOCKS_EACH = 256, 8
"""Of a block, and blocks of a multiprocessor: enough to keep it busy."""
CELLS, AT_A_TIME = 4096, 8
"""Cells of a block that atomics fall on, and sums of a thread that are under way."""
TIMES = "times the floor"


@dataclass(frozen=True)
class Needs:
    """What some work cannot do without: bytes read and written once, atomics, operations in double precision."""

    bytes: float
    operations: float = 0.0
    atomics: float = 0.0


@dataclass(frozen=True)
class Floors:
    """Bytes, atomics in the memory of a block, and operations in double precision, per second."""

    memory: float
    atomics: float
    arithmetic: float

    def of(self, needs: Needs) -> tuple[float, str]:
        """The seconds that some work takes at least, and what it then waits for."""
        least = {
            "memory": needs.bytes / self.memory,
            "atomics": needs.atomics / self.atomics,
            "arithmetic": needs.operations / self.arithmetic,
        }
        which = max(least, key=least.__getitem__)
        return least[which], which

    def figures(self, took: Took, needs: Needs) -> Figures:
        """Milliseconds, megabytes, and how many times as long as the floor it took."""
        floor_s, which = self.of(needs)
        times = {f"{TIMES} ({which})": took.seconds / floor_s}
        return {"ms": 1e3 * took.seconds, "MB": needs.bytes / 1e6} | times | took.told


@cache
def floors(bench: Bench) -> Floors:
    """The floors of a device."""
    return Floors(_memory(bench), _atomics(bench), _arithmetic(bench))


def measure(bench: Bench) -> Iterator[Row]:
    """A row for each floor."""
    yield attempt("floors", "memory: a copy on the device, read and written", lambda: {"GB/s": _memory(bench) / 1e9})
    yield attempt("floors", "atomics in the memory of blocks", lambda: {"1e9/s": _atomics(bench) / 1e9})
    yield attempt("floors", "sums of products in double precision", lambda: {"1e9/s": _arithmetic(bench) / 1e9})


@cache
def _memory(bench: Bench) -> float:
    here, there = (bench.device.empty(bench.sizes.copied, np.uint8) for _ in range(2))
    return 2 * bench.sizes.copied / bench.on_device(lambda: bench.cupy.copyto(there, here)).seconds


@cache
def _atomics(bench: Bench) -> float:
    counts = bench.device.zeros(CELLS, np.uint32)
    return _per_second(bench, "floor_of_atomics", counts, 1)


@cache
def _arithmetic(bench: Bench) -> float:
    sums = bench.device.empty(THREADS * _blocks(bench), np.float64)
    return _per_second(bench, "floor_of_arithmetic", sums, AT_A_TIME)


def _per_second(bench: Bench, name: str, into: object, at_a_time: int) -> float:
    kernel = bench.cupy.RawKernel(SOURCE.read_text(encoding="utf-8"), name, options=("--std=c++17",))
    blocks, rounds = _blocks(bench), bench.sizes.rounds
    took = bench.on_device(lambda: kernel((blocks,), (THREADS,), (into, np.int64(rounds))))
    return THREADS * blocks * rounds * at_a_time / took.seconds


def _blocks(bench: Bench) -> int:
    return BLOCKS_EACH * bench.device.multiprocessors
