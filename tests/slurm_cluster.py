"""SLURM on this one machine, from Debian's packages, for as long as a test needs it."""

import fcntl
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest

from dask_cluster import free_ports
from run_script import wait_for

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "sinfo")
MUNGE = Path("/run/munge")
LOCK = Path(tempfile.gettempdir()) / "voxmill-tests-slurm.lock"
CONFIGURATION = """
ClusterName=voxmill
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
KillWait=30
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory}
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def require_slurm() -> None:
    """Skip where SLURM cannot be started; fail where VOXMILL_REQUIRE_ORACLE says that it must."""
    missing = [name for name in PROGRAMS if shutil.which(name, path=_path()) is None]
    if not missing and os.geteuid() == 0:
        return
    why = f"not installed: {', '.join(missing)}" if missing else "its daemons need root"
    if os.environ.get("VOXMILL_REQUIRE_ORACLE") == "1" and missing:
        pytest.fail(f"VOXMILL_REQUIRE_ORACLE=1, and SLURM is {why}")
    pytest.skip(f"SLURM (apt-get install slurmctld slurmd slurm-client munge): {why}")


@contextmanager
def slurm(folder: Path) -> Iterator[dict[str, str]]:
    """The environment in which sbatch and the others speak to a SLURM that lives in a folder; one at a time."""
    host = socket.gethostname().split(".")[0]
    for name in ("state", "spool"):
        (folder / name).mkdir()
    configuration = folder / "slurm.conf"
    memory = psutil.virtual_memory().total // 2**20 // 2
    configuration.write_text(
        CONFIGURATION.format(host=host, folder=folder, ports=free_ports(2), cpus=os.cpu_count(), memory=memory)
    )
    environment = {**os.environ, "PATH": _path(), "SLURM_CONF": str(configuration)}
    with ExitStack() as stack:
        stack.enter_context(_alone())
        stack.enter_context(_munge(environment))
        stack.enter_context(_running(("slurmctld", "-D", "-i", "-f", str(configuration)), environment))
        stack.enter_context(_running(("slurmd", "-D", "-N", host, "-f", str(configuration)), environment))
        _wait_until_idle(environment)
        try:
            yield environment
        finally:
            subprocess.run(("scancel", "--user=root"), env=environment, check=False)
            wait_for(lambda: not jobs(environment))


def jobs(environment: dict[str, str]) -> list[int]:
    """The numbers of the jobs that SLURM has, waiting or at work."""
    told = subprocess.run(("squeue", "--noheader", "--format=%i"), env=environment, capture_output=True, text=True)
    return [int(number) for number in told.stdout.split()]


def processes(job: int) -> list[psutil.Process]:
    """The processes of a job."""
    return [
        one for one in psutil.process_iter(["environ"]) if (one.info["environ"] or {}).get("SLURM_JOB_ID") == str(job)
    ]


@contextmanager
def _alone() -> Iterator[None]:
    """Wait until no other test has a SLURM: munge's socket has one name on the machine, and ends with its daemon."""
    with LOCK.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _munge(environment: dict[str, str]) -> Iterator[None]:
    """The daemon that SLURM's own authenticate with, where none is running yet."""
    if subprocess.run(("munge", "-n"), env=environment, capture_output=True).returncode == 0:
        yield
        return
    MUNGE.mkdir(exist_ok=True)
    shutil.chown(MUNGE, "munge", "munge")
    (MUNGE / "munge.socket.2").unlink(missing_ok=True)
    with _running(("munged", "--foreground"), environment, "munge"):
        _wait_for(("munge", "-n"), environment, "")
        yield


@contextmanager
def _running(command: tuple[str, ...], environment: dict[str, str], user: str = "root") -> Iterator[None]:
    """A daemon of SLURM, by itself: what starts it for another user ends before it does."""
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, env=environment, stdout=quiet, stderr=quiet, user=user, group=user)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_until_idle(environment: dict[str, str]) -> None:
    _wait_for(("sinfo", "--noheader", "--format=%T"), environment, "idle")


def _wait_for(command: tuple[str, ...], environment: dict[str, str], answer: str) -> None:
    """Wait until a command succeeds and says so."""

    def said() -> bool:
        told = subprocess.run(command, env=environment, capture_output=True, text=True)
        return told.returncode == 0 and answer in told.stdout

    wait_for(said)


def _path() -> str:
    return f"{os.environ['PATH']}:/usr/sbin:/sbin"
