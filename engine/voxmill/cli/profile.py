"""`--profile`: where the time and the memory of an extraction go."""

import time
import tracemalloc
from collections.abc import Callable

from voxmill.cli.streams import tell
from voxmill.stages import STAGES, Stages, watch_stages
from voxmill.table import Table


def profile_extraction(once: Callable[[], Table]) -> Table:
    """Extract three times: to load the kernels, for the time of every stage, and for its memory; tell both.

    One region at a time: stages that run side by side would share time and memory.
    """
    once()
    timed, wall, table = _watched(once)
    tracemalloc.start()
    measured, _, _ = _watched(once)
    tracemalloc.stop()
    _tell(timed, measured, wall)
    return table


def _watched(call: Callable[[], Table]) -> tuple[Stages, float, Table]:
    start = time.perf_counter()
    with watch_stages() as stages:
        table = call()
    return stages, time.perf_counter() - start, table


def _tell(timed: Stages, measured: Stages, wall: float) -> None:
    tell(f"{'stage':10}{'ms':>10}{'peak MB':>10}")
    for name in STAGES:
        tell(f"{name:10}{timed.seconds[name] * 1e3:10.2f}{measured.peak_bytes[name] / 1e6:10.2f}")
    inside = sum(timed.seconds.values())
    tell(f"{'reading, the rest':18}{max(0.0, wall - inside) * 1e3:.2f} ms")
