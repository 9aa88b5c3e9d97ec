"""A cluster of Dask on this machine, its scheduler and workers in processes of their own, which tests kill."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import socket

import psutil


@contextmanager
def dask_cluster(workers: int, port: int, *, nannies: bool = True) -> "Iterator[Cluster]":
    """Such a cluster, as it is started by hand: with nannies or without, and whatever Dask's own settings are."""
    cluster = Cluster(workers, port, nannies=nannies)
    try:
        yield cluster
    finally:
        cluster.end()


class Cluster:
    """Its scheduler, and `started`: its workers, or their nannies."""

    def __init__(self, workers: int, port: int, *, nannies: bool) -> None:
        self.address = f"tcp://127.0.0.1:{port}"
        self.scheduler = _started("scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard")
        nanny = "--nanny" if nannies else "--no-nanny"
        options = (self.address, "--nthreads", "1", "--no-dashboard", "--death-timeout", "30", nanny)
        self.started = [_started("worker", *options) for _ in range(workers)]

    @property
    def workers(self) -> list[psutil.Process]:
        """The processes that its nannies watch; a nanny whose process is killed as it starts gives up."""
        alive = [psutil.Process(nanny.pid) for nanny in self.started if nanny.poll() is None]
        found = [one for nanny in alive for one in nanny.children()]
        return [one for one in found if _is_worker(one)]

    @property
    def busy(self) -> list[psutil.Process]:
        """Those that have cases done."""
        return [one for one in self.workers if _has_children(one)]

    def end(self) -> None:
        """End all of it."""
        for process in (self.scheduler, *self.started):
            below = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
            for one in below:
                one.kill()
            process.kill()
            process.wait()


def free_ports(count: int) -> list[int]:
    """Ports of this machine that nobody listens to."""
    sockets = [socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    found = [int(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return found


def _started(kind: str, *arguments: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *arguments]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join((str(Path(__file__).parent), os.environ.get("PYTHONPATH", ""))),
    }
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _is_worker(process: psutil.Process) -> bool:
    try:
        return "spawn_main" in " ".join(process.cmdline())
    except psutil.Error:  # it has just ended
        return False


def _has_children(process: psutil.Process) -> bool:
    try:
        return bool(process.children())
    except psutil.Error:  # it has just ended
        return False
