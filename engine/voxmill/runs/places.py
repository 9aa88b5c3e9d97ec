"""Where the cases of a run are done: on this machine, on a cluster that is there, or on SLURM; each speaks Dask."""

import gc
import logging
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from voxmill.errors import InputError, SettingsError
from voxmill.runs.lanes import CPU, GPU, TOGETHER
from voxmill.runs.warden import gpu_worker, version

if TYPE_CHECKING:
    from distributed import Client

LOOPBACK = "127.0.0.1"
ANSWER_S = 10
"""How long a scheduler may take to answer."""
CLOSE_S = 1.5
"""How long a cluster, and a client, may take to close."""
SPECIAL = re.compile(r"""[\s'"\\$`&|;<>()*?\[\]{}#!~]""")
"""What means something else in the script of a job."""
GPU_OPTION = re.compile(r"\s*(--gpus|-G|--(gres|tres-per-\w+)\b.*\bgpu\b)")
"""What asks for a GPU among the options of sbatch; what else is called after one, such as a partition, does not."""
LOGGERS = ("asyncio", "dask_jobqueue", "distributed", "tornado")
QUIET: Mapping[str, Any] = {
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.worker.profile.enabled": False,
    "distributed.worker.memory.terminate": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.target": False,
}
"""Dask's settings for a scheduler and a worker that live in this process, hold little, and watch themselves seldom."""


@dataclass(frozen=True)
class ThisMachine:
    """Processes of this machine. Dask's scheduler is in this process and listens to nothing but it.

    dashboard: the port of Dask's dashboard, which this machine alone can see; None: there is none. gpus: those that
    have a process of their own, which cases share, as CUDA_VISIBLE_DEVICES names them. Raises InputError where what
    shows the dashboard is not installed.
    """

    dashboard: int | None = None
    gpus: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.dashboard is not None and find_spec("bokeh") is None:
            raise InputError("Dask's dashboard needs Bokeh, which is not installed: pip install bokeh")


HERE = ThisMachine()


@dataclass(frozen=True)
class Address:
    """A cluster that is there, by the address of its scheduler: tls:// with Dask's own settings, or tcp:// here.

    Its workers need this version of Voxmill, the files of the cases, and the folder that results go to. gpu: whether
    one of them has to have Dask's resource GPU.
    """

    address: str
    gpu: bool = False

    def __post_init__(self) -> None:
        parts = urlsplit(self.address)
        if parts.scheme not in ("tcp", "tls") or not parts.netloc:
            raise SettingsError(f"{self.address!r} is no address of a scheduler; it reads tls://HOST:PORT")
        if parts.scheme == "tcp" and parts.hostname not in (LOOPBACK, "localhost", "::1"):
            raise InputError(
                f"{self.address}: what crosses a network must be encrypted; start the scheduler with TLS, name it as "
                "tls://, and give the certificates in Dask's settings (distributed.comm.tls)"
            )


@dataclass(frozen=True)
class Slurm:
    """Jobs of SLURM, one for each worker; what one does not finish in its time goes on in the next.

    cores: how many cases a job does at a time, sharing its GPU, if any; threads: of each of them. memory_bytes,
    time (as sbatch reads it), partition, account, options (more of them, as sbatch reads them): what is asked of
    SLURM for a job. interface: the network interface through which the jobs reach this machine, encrypted. folder:
    where the jobs find certificates and leave their logs; this machine and theirs see it. gpu: whether each job has
    a GPU, which is asked for unless the options do so. Raises SettingsError for a folder that a job cannot be told
    of.
    """

    folder: Path
    cores: int = 1
    threads: int = 1
    memory_bytes: int = 4 * 1024**3
    time: str = "01:00:00"
    partition: str | None = None
    account: str | None = None
    interface: str | None = None
    options: tuple[str, ...] = field(default=())
    gpu: bool = False

    def __post_init__(self) -> None:
        found = SPECIAL.search(str(self.folder))
        if found is not None:
            raise SettingsError(
                f"jobs of SLURM cannot be told of a folder whose path has {found[0]!r} in it; choose another for the "
                "results"
            )

    @property
    def directives(self) -> tuple[str, ...]:
        """What else is asked of sbatch."""
        asked = any(map(GPU_OPTION.match, self.options))
        return ("--gpus=1", *self.options) if self.gpu and not asked else self.options

    @property
    def resources(self) -> str:
        """The resources of Dask that its worker has."""
        return f"{GPU if self.gpu else CPU}={self.cores}"

    @property
    def logs(self) -> str:
        """Where a job leaves its log, as sbatch reads it."""
        return str(self.folder).replace("%", "%%") + "/slurm-%j.log"


Place = ThisMachine | Address | Slurm


@contextmanager
def connected(place: Place, workers: int) -> Iterator["Client"]:
    """A client of the place, made ready for so many workers (an Address has those that it has).

    Raises InputError where no scheduler answers, where its workers cannot do cases of this version, or where what is
    needed is not installed, or SLURM takes no such job; SettingsError for SLURM without workers.
    """
    import dask
    import distributed  # noqa: F401 - its settings have to be there before others are set for a while

    with ExitStack() as stack:
        scratch = stack.enter_context(TemporaryDirectory(prefix="voxmill-", ignore_cleanup_errors=True))
        stack.enter_context(dask.config.set({**QUIET, "temporary-directory": scratch}))
        stack.enter_context(_silence())
        cluster: Any
        if isinstance(place, Address):
            cluster = place.address
        else:
            made = _on_this_machine(place, workers) if isinstance(place, ThisMachine) else _on_slurm(place, workers)
            cluster = stack.enter_context(_closed(made))
        client = stack.enter_context(_closed(_client(cluster)))
        if isinstance(place, Address):
            _require_same_version(client)
            if place.gpu:
                _require_gpu(client)
        yield client


@contextmanager
def _closed(made: Any) -> Iterator[Any]:  # noqa: ANN401 - a cluster of Dask, or a client
    """Close it at the end; what does not close in time ends with this process, and is no reason to fail."""
    try:
        yield made
    finally:
        with suppress(OSError, RuntimeError):
            made.close(timeout=CLOSE_S)


def _client(cluster: Any) -> "Client":  # noqa: ANN401 - a cluster of Dask, or an address
    from distributed import Client

    try:
        client = Client(cluster, timeout=ANSWER_S, set_as_default=False)
    except (OSError, TypeError, ValueError) as error:
        kind = type(error).__name__
        raise InputError(
            f"{cluster}: no scheduler of Dask answers ({kind}); is it running, and reached from here?"
        ) from None
    return client


def _require_same_version(client: "Client") -> None:
    """Raise InputError where the workers that are there have another version of Voxmill, or none."""
    try:
        found = set(client.run(version).values())
    except ImportError:
        raise InputError("a worker of the cluster cannot load Voxmill; install this version where it runs") from None
    if found - {version()}:
        others = ", ".join(sorted(found - {version()}))
        raise InputError(f"workers of the cluster have Voxmill {others}, and this is {version()}; use one version")


def _require_gpu(client: "Client") -> None:
    """Raise InputError where there are workers, and none with a GPU."""
    workers = client.scheduler_info(n_workers=-1)["workers"].values()
    if workers and not any(one["resources"].get(GPU) for one in workers):
        raise InputError(
            "no worker of the cluster has a GPU; start those that have one with --resources GPU=1, or use --device auto"
        )


def _on_this_machine(place: ThisMachine, workers: int) -> Any:  # noqa: ANN401 - Dask is not typed
    """A scheduler and workers in this process: one has no GPU, and a thread for each process that does cases.

    Each of the others has a GPU, and a thread for each case that shares it, in one process.
    """
    from distributed import Scheduler, SpecCluster, Worker

    port = 0 if place.dashboard is None else place.dashboard
    options = {
        "protocol": "inproc://",
        "dashboard": place.dashboard is not None,
        "dashboard_address": f"{LOOPBACK}:{port}",
    }
    common = {"memory_limit": 0, "dashboard_address": f"{LOOPBACK}:0"}
    made: dict[object, dict[str, Any]] = {0: {**common, "nthreads": workers, "resources": {CPU: workers}}}
    made |= {gpu_worker(one): {**common, "nthreads": TOGETHER, "resources": {GPU: 1}} for one in place.gpus}
    return SpecCluster(
        scheduler={"cls": Scheduler, "options": options},
        workers={name: {"cls": Worker, "options": {**one, "name": name}} for name, one in made.items()},
        silence_logs=0,
    )


def _on_slurm(place: Slurm, workers: int) -> Any:  # noqa: ANN401 - dask-jobqueue is not typed
    """A scheduler in this process, workers in jobs; a job that ends before the run does is followed by another.

    The worker stands in for the shell of its job, so that it hears what SLURM tells the job, and ends with it.
    """
    if workers < 1:
        raise SettingsError("jobs of SLURM are the workers of such a run; ask for at least one (--workers 1)")
    try:
        import dask
        from dask_jobqueue.slurm import SLURMCluster
        from distributed import Security

        security = Security.temporary()
    except ImportError as error:
        raise InputError(f"SLURM needs {error.name}, which is not installed: pip install 'voxmill[slurm]'") from None
    cluster: Any = SLURMCluster(
        cores=place.cores,
        job_cpu=place.cores * place.threads,
        processes=1,
        memory=f"{place.memory_bytes}B",
        walltime=place.time,
        queue=place.partition,
        account=place.account,
        job_extra_directives=[f"-o {place.logs}", f"-e {place.logs}", *place.directives],
        interface=place.interface,
        protocol="tls://",
        security=security,
        shared_temp_directory=str(place.folder),
        nanny=False,
        python=f"exec {dask.config.get('jobqueue.slurm.python', None) or sys.executable}",
        worker_extra_args=["--no-dashboard", "--resources", place.resources],
        scheduler_options={"dashboard": False, "dashboard_address": f"{LOOPBACK}:0"},
        silence_logs=0,
    )
    try:
        _require_job(cluster.job_script())
    except InputError:
        cluster.close()
        del cluster  # and with it the certificates that it has left for its jobs
        raise
    cluster.adapt(minimum_jobs=workers, maximum_jobs=workers)
    return cluster


def _require_job(script: str) -> None:
    """Raise InputError where SLURM would not take a job, with its own words."""
    try:
        told = subprocess.run(("sbatch", "--test-only"), input=script, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise InputError("sbatch is not found: SLURM's programs are not on this machine") from None
    if told.returncode != 0:
        raise InputError(f"SLURM takes no such job: {' '.join(told.stderr.split())}")


@contextmanager
def _silence() -> Iterator[None]:
    """While inside, Dask says nothing: what concerns a run is told by it."""
    names = {*LOGGERS, *(name for name in logging.root.manager.loggerDict if name.split(".")[0] in LOGGERS)}
    before = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        gc.collect()  # what was given up and is not asked for any more says so when it is
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
