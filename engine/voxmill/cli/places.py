"""Options that say where cases are done, and what each may take."""

import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from voxmill.errors import SettingsError, brief

if TYPE_CHECKING:
    from voxmill.runs.places import Place

UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "KI": 2**10, "MI": 2**20, "GI": 2**30, "TI": 2**40}
"""Bytes, by how a size ends, without its B."""
SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]I?|)B?", re.IGNORECASE)
LEAST_MEMORY = 100 * 10**6
"""What a process takes when its libraries are loaded, before any case."""
LAST_PORT = 65535
DEFAULT_JOB_MEMORY = 4 * 2**30
OWN_MEMORY = 2**29
"""What a job needs beside that of a case, so that a case that takes too much ends before its job does."""


@dataclass(frozen=True)
class SlurmOptions:
    """What a job of SLURM asks for."""

    wanted: bool = False
    time: str = "01:00:00"
    partition: str | None = None
    account: str | None = None
    interface: str | None = None
    more: Sequence[str] = ()


def parse_memory(text: str | None) -> int | None:
    """A size as people write it (4GB, 512MiB) in bytes; raises SettingsError for what is none or far too little."""
    if text is None:
        return None
    found = SIZE.fullmatch(text.strip())
    if found is None or not float(found[1]):
        raise SettingsError(f"--memory: a size is needed, as 4GB or 512MiB; found {brief(text)}")
    size = round(float(found[1]) * UNITS[found[2].upper()])
    if size < LEAST_MEMORY:
        raise SettingsError(
            f"--memory: a process needs at least {LEAST_MEMORY // 10**6} MB before it does any case; found "
            f"{brief(text)}, which is {size:,} B; give more, as 4GB"
        )
    return size


def usable_cores() -> int:
    """How many processors this process may use."""
    told = getattr(os, "sched_getaffinity", None)
    return len(told(0)) if told else os.cpu_count() or 1


def process_age_s() -> float:
    """How many seconds ago this process was started."""
    import psutil

    return max(0.0, time.time() - float(psutil.Process().create_time()))


def require_one_place(
    scheduler: str | None, slurm: SlurmOptions, *, workers: int | None, dashboard: int | None, dry_run: bool
) -> None:
    """Raise SettingsError where two places are asked for, or something that the one that is does not have."""
    if scheduler is not None and slurm.wanted:
        raise SettingsError("--scheduler and --slurm exclude each other; give one of them")
    if slurm != SlurmOptions() and not slurm.wanted:
        raise SettingsError("options of SLURM are given without --slurm; add it, or leave them out")
    if dry_run and (scheduler is not None or slurm.wanted):
        raise SettingsError(
            "--dry-run tries cases on this machine; leave --scheduler and --slurm out, and --device gpu if it has none"
        )
    if scheduler is not None and workers is not None:
        raise SettingsError(f"a cluster has its own workers, so --workers {workers} means nothing there; leave it out")
    if dashboard is not None and (scheduler is not None or slurm.wanted or workers == 0):
        raise SettingsError("--dashboard shows workers on this machine, and there are none; leave it out")
    if dashboard is not None and not 1 <= dashboard <= LAST_PORT:
        raise SettingsError(f"--dashboard: a port from 1 to {LAST_PORT} is needed; found {dashboard}")


def place_of(
    scheduler: str | None,
    slurm: SlurmOptions,
    folder: Path,
    *,
    memory: int | None,
    threads: int = 1,
    dashboard: int | None,
) -> "Place":
    """Where cases are done."""
    from voxmill.runs.places import Address, Slurm, ThisMachine

    if slurm.wanted:
        return Slurm(
            folder,
            threads=threads,
            memory_bytes=DEFAULT_JOB_MEMORY if memory is None else memory + OWN_MEMORY,
            time=slurm.time,
            partition=slurm.partition,
            account=slurm.account,
            interface=slurm.interface,
            options=tuple(slurm.more),
        )
    return ThisMachine(dashboard) if scheduler is None else Address(scheduler)
