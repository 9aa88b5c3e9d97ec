"""Where cases are done: limits, what is tried again, what Dask is let to see and say."""

import asyncio
import logging
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import urlopen

import psutil
import pytest

from dask_cluster import Cluster, dask_cluster, free_ports
from run_script import Options, children, finish, outcomes, started, wait_for
from square_job import HANG, HOG, Flaky, Meeting, Numbers, SlowToLoad
from voxmill.cli.places import OWN_MEMORY, SlurmOptions, place_of
from voxmill.errors import InputError, SettingsError
from voxmill.runs.cluster import Workers, became, on_cluster
from voxmill.runs.ledger import opened, read_ledger
from voxmill.runs.places import HERE, Address, Slurm, ThisMachine, connected
from voxmill.runs.records import Outcome, Record
from voxmill.runs.runner import run
from voxmill.runs.signals import Stopped
from voxmill.runs.warden import Child, Done, Limits, Lost, Sealed, do, end, version

if TYPE_CHECKING:
    from distributed import Client

pytestmark = pytest.mark.skipif(os.name != "posix", reason="processes as POSIX has them")


def test_a_case_that_hangs_or_takes_too_much_memory_fails_and_the_others_go_on(tmp_path: Path) -> None:
    limits = Limits(time_s=6, memory_bytes=400 * 2**20)
    with opened(tmp_path / "ledger") as ledger:
        progress = run(Numbers(), [1, HANG, 2, 4, HOG, 6], ledger, workers=2, limits=limits)
    assert (progress.done, progress.failed) == (4, 2)
    failures = {one.case: (one.reason, one.sentence) for one in read_ledger(tmp_path / "ledger") if one.reason}
    assert failures == {
        f"number {HANG}": ("TimeLimit", "it took longer than a case may, even alone; allow more time"),
        f"number {HOG}": ("MemoryError", "it needs more memory than a case may take, even alone; allow more"),
    }


@pytest.mark.parametrize("workers", [0, 2])
def test_what_may_pass_is_tried_again(tmp_path: Path, workers: int) -> None:
    (tmp_path / "tried").mkdir()
    with opened(tmp_path / "ledger") as ledger:
        progress = run(Flaky(tmp_path / "tried"), range(5), ledger, workers=workers)
    assert (progress.done, progress.failed) == (5, 0)


def test_what_may_pass_is_tried_again_side_by_side(tmp_path: Path) -> None:
    (tmp_path / "tried").mkdir()
    with opened(tmp_path / "ledger") as ledger:
        progress = run(Meeting(tmp_path / "tried"), [1, 2], ledger, workers=2)
    assert (progress.done, progress.failed) == (2, 0)


def test_a_cluster_that_is_there(tmp_path: Path) -> None:
    with dask_cluster(1, free_ports(1)[0]) as cluster:
        finish(tmp_path, Options(cases=40, address=cluster.address))
        (worker,) = cluster.workers
        wait_for(lambda: not worker.children(recursive=True))  # what did the cases has gone with the run
    assert len(outcomes(tmp_path)) == 40


@pytest.mark.parametrize("nannies", [True, False])
def test_a_worker_that_is_asked_to_end_does_so_at_once_and_the_run_goes_on(tmp_path: Path, *, nannies: bool) -> None:
    def ask(cluster: Cluster) -> float:
        wait_for(lambda: (job.folder / "1").exists())
        (at_work,) = [one for one in cluster.started if len(psutil.Process(one.pid).children(recursive=True)) % 2]
        below, began = psutil.Process(at_work.pid).children(recursive=True), time.monotonic()
        at_work.terminate()
        at_work.wait(timeout=60)
        assert not psutil.wait_procs(below, timeout=60)[1]
        return time.monotonic() - began

    (job := Flaky(tmp_path / "tried", hangs=True)).folder.mkdir()
    with (
        dask_cluster(2, free_ports(1)[0], nannies=nannies) as cluster,
        ThreadPoolExecutor() as pool,
        opened(tmp_path / "ledger") as ledger,
    ):
        asked = pool.submit(ask, cluster)
        assert run(job, [1], ledger, on=Address(cluster.address)).done == 1
        assert asked.result() < 10


@pytest.mark.parametrize("address", ["somewhere", "http://127.0.0.1:80", "tcp://", "tcp:127.0.0.1"])
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(SettingsError, match=r"is no address of a scheduler; it reads tls://HOST:PORT"):
        Address(address)


def test_no_network_is_crossed_without_encryption() -> None:
    with pytest.raises(InputError, match="what crosses a network must be encrypted"):
        Address("tcp://example.org:8786")
    for address in ("tls://example.org:8786", "tcp://127.0.0.1:8786", "tcp://localhost:8786"):
        assert Address(address).address == address


def test_a_scheduler_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voxmill.runs.places.ANSWER_S", 1)
    address = f"tcp://127.0.0.1:{free_ports(1)[0]}"
    with (
        opened(tmp_path / "ledger") as ledger,
        pytest.raises(InputError, match=f"{address}: no scheduler of Dask answers"),
    ):
        run(Numbers(), [1], ledger, on=Address(address))


def test_a_run_listens_to_nothing_but_this_machine(tmp_path: Path) -> None:
    with started(tmp_path, Options(2, seconds=60)) as process:
        wait_for(lambda: len(children(process)) == 2)
        opens = psutil.Process(process.pid).net_connections("inet")
        process.kill()
    assert {one.laddr.ip for one in opens if one.status == psutil.CONN_LISTEN} <= {"127.0.0.1"}


def test_the_dashboard_is_off_unless_asked_for() -> None:
    with connected(HERE, 1) as client:
        assert client.cluster is not None
        port = client.cluster.scheduler.http_server.port
        with pytest.raises(HTTPError, match="404"):
            urlopen(f"http://127.0.0.1:{port}/status")


@pytest.mark.skipif(find_spec("bokeh") is not None, reason="Bokeh is installed")
def test_the_dashboard_needs_bokeh() -> None:
    with pytest.raises(InputError, match="needs Bokeh, which is not installed: pip install bokeh"):
        ThisMachine(dashboard=8787)


def test_dask_says_nothing_and_sees_no_name(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    from distributed import Client

    keys: list[object] = []
    submit = Client.submit

    def watched(client: Client, *arguments: Any, **options: Any) -> object:  # noqa: ANN401 - as it is called
        keys.append(options["key"])
        assert "number" not in repr(arguments)
        logging.getLogger("asyncio").error("Future exception was never retrieved")  # as when tasks are cancelled
        return submit(client, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch, caplog.at_level(logging.DEBUG), opened(tmp_path / "ledger") as ledger:
        patch.setattr(Client, "submit", watched)
        run(Numbers(), [1, 2, 5, 11], ledger, workers=1)
    assert len(set(keys)) == len(keys) >= 3  # 11 was tried again
    assert not any("00000" in str(key) for key in keys)
    assert not [one for one in caplog.records if one.name.startswith(("asyncio", "distributed"))]


def test_a_run_hears_of_what_ends_at_once_and_costs_little_while_it_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voxmill.runs.cluster.WAIT_S", 60)
    began = time.monotonic()
    with opened(tmp_path / "ledger") as ledger:
        assert run(Numbers(), [1, 2, 4], ledger, workers=1).done == 3
    assert time.monotonic() - began < 30
    with connected(HERE, 1) as client:
        assert client.cluster is not None
        assert client.cluster.scheduler.periodic_callbacks["tick"].callback_time == 1000


def test_a_signal_before_the_first_case(tmp_path: Path) -> None:
    stopping = threading.Event()
    stopping.set()
    with connected(HERE, 1) as client:
        assert list(on_cluster(Numbers(), [1, 2], client, Limits(), stopping)) == []
    assert Stopped.exit_code == 75


def test_cases_that_cannot_be_loaded_end_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Numbers, "__module__", "__main__")
    monkeypatch.setattr(sys.modules["__main__"], "Numbers", Numbers, raising=False)
    with opened(tmp_path / "ledger") as ledger, pytest.raises(InputError, match="cases cannot be loaded where they"):
        run(Numbers(), [1, 2], ledger, workers=1)


def test_a_task_leaves_the_cases_that_take_it_too_long_and_an_ended_run_does_none() -> None:
    cases = [Sealed(pickle.dumps((Numbers(0.06), number))) for number in range(20, 30)]
    done = do("a run", cases, Limits(), version())
    assert 1 <= len(done.answers) <= 2
    end("a run")
    assert do("a run", cases, Limits(), version()).answers == ()


def test_cases_that_begin_together_do_not_end_their_run(monkeypatch: pytest.MonkeyPatch) -> None:
    from distributed import Worker

    put_on, names = Worker.plugin_add, []

    async def slow(worker: Worker, plugin: Any, name: str | None = None, **options: Any) -> object:  # noqa: ANN401
        names.append(name or plugin.name)
        await asyncio.sleep(0.3)
        return await put_on(worker, plugin, name, **options)

    monkeypatch.setattr(Worker, "plugin_add", slow)
    with connected(HERE, 4) as client:
        assert client.cluster is not None
        (worker,) = client.cluster.workers.values()
        records = within_a_minute(client, range(20, 60))
        assert len(records) == 40
        assert len([name for name in names if name.startswith("voxmill-")]) == 1
        wait_for(lambda: not [name for name in worker.plugins if name.startswith("voxmill-")])


def test_a_run_that_a_scheduler_tells_a_worker_of_twice_goes_on() -> None:
    from distributed import Worker

    with pytest.MonkeyPatch.context() as patch, connected(HERE, 1) as client:
        put_on = Worker.plugin_add

        async def twice(worker: Worker, *given: Any, **options: Any) -> object:  # noqa: ANN401
            await put_on(worker, *given, **options)
            return await put_on(worker, *given, **options)

        patch.setattr(Worker, "plugin_add", twice)
        assert len(within_a_minute(client, [20, 21])) == 2


def within_a_minute(client: "Client", cases: Iterable[int]) -> list[Record]:
    """The records of the cases that end so soon."""
    timer = threading.Timer(60, (stopping := threading.Event()).set)
    timer.start()
    try:
        found = on_cluster(Numbers(), cases, client, Limits(), stopping)
        return [one for one in found if isinstance(one, Record)]
    finally:
        timer.cancel()


def test_of_a_case_whose_worker_closes_there_is_no_answer(tmp_path: Path) -> None:
    (job := Flaky(tmp_path / "tried", hangs=True)).folder.mkdir()
    with ThreadPoolExecutor() as pool:
        done = pool.submit(do, "closing", [Sealed(pickle.dumps((job, 1)))], Limits(), version())
        wait_for(lambda: (job.folder / "1").exists())
        end("closing")
        assert done.result().answers == ()


@pytest.mark.parametrize("step", ["begin", "do"])
def test_a_worker_that_closes_between_two_steps_of_a_case_is_no_mistake(
    monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    then = getattr(Child, step)

    def closing(child: Child, *given: object) -> object:
        end(step)
        return then(child, *given)

    monkeypatch.setattr(Child, step, closing)
    assert do(step, [Sealed(pickle.dumps((Numbers(), 20)))], Limits(), version()).answers == ()


def test_no_file_of_the_current_folder_stands_for_a_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("signal", "queue", "voxmill"):
        (tmp_path / f"{name}.py").write_text("open('ran', 'w').close()\nraise RuntimeError\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    with opened(tmp_path / "ledger") as ledger:
        assert run(Numbers(), [1, 2], ledger, workers=1).done == 2
    assert not (tmp_path / "ran").exists()


def test_where_no_process_can_start_the_run_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = tmp_path / "begun"
    (tmp_path / "voxmill.py").write_text(f"open({str(begun)!r}, 'a').write('x')\nraise RuntimeError\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    with (
        opened(tmp_path / "ledger") as ledger,
        pytest.raises(InputError, match=r"no process that does cases can be started \(ended with 1 before"),
    ):
        run(Numbers(), range(20, 420), ledger, workers=1)
    assert len(begun.read_text()) <= 2  # tasks that waited for the thread


def test_what_came_back_counts_whatever_became_of_its_worker() -> None:
    given = Done((), 1.0)
    assert became("lost", given, 1) == given
    with pytest.raises(Stopped, match="the scheduler of Dask does not answer any more"):
        became("lost", None, 1)


def test_a_process_for_which_there_is_no_room_costs_one_case() -> None:
    import resource

    case = Sealed(pickle.dumps((Numbers(), 20)))
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    os.close(lowest := os.dup(0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, before[1]))
    try:
        assert do("a full system", [case], Limits(), version()).answers == (Lost.DIED,)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    (answer,) = do("a full system", [case], Limits(), version()).answers
    assert isinstance(answer, Sealed)
    end("a full system")


def test_a_process_that_is_killed_while_it_waits_costs_no_case(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Sealed(pickle.dumps((Numbers(), 20)))
    killed: list[Child] = []
    begin = Child.begin

    def killing(child: Child, wanted: str) -> bool:
        ready = begin(child, wanted)
        if not killed:
            child._process.kill()
            killed.append(child)
        return ready

    monkeypatch.setattr(Child, "begin", killing)
    (answer,) = do("killed", [case], Limits(), version()).answers
    assert isinstance(answer, Sealed)
    end("killed")


def test_a_worker_of_another_version_ends_the_run() -> None:
    case = Sealed(pickle.dumps((Numbers(), 20)))
    with pytest.raises(InputError, match=rf"a worker has Voxmill {version()}, and this run has 9\.9; use one version"):
        do("another version", [case], Limits(), "9.9")
    end("another version")


def test_the_time_of_a_case_begins_when_its_libraries_are_loaded() -> None:
    cases = [Sealed(pickle.dumps((SlowToLoad(2.0), 20)))]
    (answer,) = do("slow", cases, Limits(time_s=1), version()).answers
    assert isinstance(answer, Sealed)
    assert pickle.loads(answer.content).outcome is Outcome.DONE
    end("slow")


@pytest.mark.parametrize("seconds", [0, -5, float("nan")])
def test_a_limit_that_is_no_time(seconds: float) -> None:
    with pytest.raises(SettingsError, match=r"a case needs more time than .* s; give a limit above 0"):
        Limits(time_s=seconds)


def test_a_case_that_took_too_long_once_is_tried_again(tmp_path: Path) -> None:
    job = Flaky(tmp_path / "tried", hangs=True)
    job.folder.mkdir()
    with opened(tmp_path / "ledger") as ledger:
        assert run(job, [1, 2], ledger, workers=1, limits=Limits(time_s=2)).done == 2


def test_slurm_without_jobs(tmp_path: Path) -> None:
    with (
        opened(tmp_path / "ledger") as ledger,
        pytest.raises(SettingsError, match=r"ask for at least one \(--workers 1\)"),
    ):
        run(Numbers(), [1], ledger, workers=0, on=Slurm(tmp_path))


def test_what_slurm_needs_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dask_jobqueue.slurm", None)
    needed = r"^SLURM needs dask_jobqueue.*, which is not installed: pip install 'voxmill\[slurm\]'$"
    with pytest.raises(InputError, match=needed), connected(Slurm(tmp_path), 1):
        pass


@pytest.mark.parametrize("name", ["my results", "it's", "a;b", "$HOME"])
def test_a_folder_that_no_job_can_be_told_of(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match="jobs of SLURM cannot be told of a folder whose path has"):
        Slurm(tmp_path / name)


def test_what_a_job_of_slurm_asks_for(tmp_path: Path) -> None:
    place = place_of(None, SlurmOptions(wanted=True), tmp_path / "50%", memory=2**30, threads=3, dashboard=None)
    assert isinstance(place, Slurm)
    assert (place.threads, place.memory_bytes) == (3, 2**30 + OWN_MEMORY)
    assert place.logs == f"{tmp_path}/50%%/slurm-%j.log"


def test_that_no_worker_comes_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("voxmill.runs.cluster.NOBODY_S", 0.1)
    monkeypatch.setattr("voxmill.runs.cluster.COUNT_S", 0.1)
    stopping, heard = threading.Event(), caplog.handler.records
    with dask_cluster(0, free_ports(1)[0]) as cluster, connected(Address(cluster.address), 1) as client:
        waiting = on_cluster(Numbers(), [1], client, Limits(), stopping)
        wait_for(lambda: next(waiting) in (None, Workers(0, 0)) and bool(heard))
        stopping.set()
        monkeypatch.setattr("voxmill.runs.cluster.GRACE_S", 0.1)
        assert not any(isinstance(one, Record) for one in waiting)
    assert [one.message.split(",")[0] for one in heard] == ["no worker has come yet"]


def test_a_process_that_nobody_asks_any_more_ends() -> None:
    script = "from voxmill.runs import child; child.IDLE_S = 0.2; child.main()"
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", script], stdin=pipe, stdout=pipe) as process:
        assert process.wait(timeout=60) == 0


def test_a_scheduler_that_hangs_does_not_hang_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in {"COUNT_S": 0.1, "ANSWER_S": 0.3, "SILENT_S": 1}.items():
        monkeypatch.setattr(f"voxmill.runs.cluster.{name}", seconds)
    with dask_cluster(0, free_ports(1)[0]) as cluster, connected(Address(cluster.address), 1) as client:
        waiting = on_cluster(Numbers(), [1], client, Limits(), threading.Event())
        assert next(waiting) == Workers(0, 0)
        cluster.scheduler.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        with pytest.raises(Stopped, match="the scheduler of Dask does not answer any more"):
            list(waiting)
        assert time.monotonic() - began < 10
        cluster.scheduler.send_signal(signal.SIGCONT)
