"""`--profile`: where the time and the memory of an extraction go."""

import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

from voxmill.cli.streams import tell
from voxmill.extraction import extract
from voxmill.io import read_image, read_mask_near
from voxmill.settings import Settings
from voxmill.stages import STAGES, Stages, watch_stages
from voxmill.table import Table


def profile_extraction(image: Path, mask: Path, *, settings: Settings, labels: list[str] | None, device: str) -> Table:
    """Extract three times: to load the kernels, for the time of every stage, and for its memory; tell both.

    One region at a time: stages that run side by side would share time and memory.
    """

    def once() -> Table:
        volume = read_image(image)
        labelled = read_mask_near(mask, volume, label_channel=settings.label_channel)
        return extract(volume, labelled, settings=settings, labels=labels, device=device)

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
