"""kill -9, of whatever takes part, at any moment: after the last run every case has ended once, as if nothing had been.

Moments are drawn; a test that fails shows its seed.
"""

import json
import os
import random
import time
from pathlib import Path

import pytest

from bad_disks import CALLS, POINTS
from dask_cluster import dask_cluster, free_ports
from lock_kills import kills
from run_script import Options, children, expected, finish, outcomes, started, wait_for

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and processes as POSIX has them")
CASES = 200
TIMES = [2, pytest.param(20, marks=pytest.mark.slow)]
QUICK = [("write", "during"), ("remove", "after")]


def drawn() -> random.Random:
    """Random moments, of a seed that a failure shows."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    return random.Random(seed)


def ended(folder: Path) -> int:
    """How many cases have ended."""
    return len(outcomes(folder))


@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("workers", [0, 2])
def test_of_the_run_itself(tmp_path: Path, workers: int, times: int) -> None:
    draw, options = drawn(), Options(workers, CASES, seconds=0.02)
    for _ in range(times):
        enough = ended(tmp_path) + draw.randint(0, CASES // (2 * times))
        with started(tmp_path, options) as process:
            wait_for(lambda: ended(tmp_path) >= enough)  # noqa: B023 - called at once
            process.kill()
    finish(tmp_path, options)
    assert outcomes(tmp_path) == expected(range(20, 20 + CASES))
    assert not list((tmp_path / "ledger").glob("*.draft"))


@pytest.mark.parametrize("times", TIMES)
def test_of_the_processes_that_do_cases(tmp_path: Path, times: int) -> None:
    draw, options = drawn(), Options(2, CASES, seconds=0.05)
    with started(tmp_path, options) as process:
        for _ in range(times):
            enough = ended(tmp_path) + draw.randint(1, CASES // (2 * times))
            wait_for(lambda: ended(tmp_path) >= enough and len(children(process)) == 2)  # noqa: B023 - called at once
            draw.choice(children(process)).kill()
        _, said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    finish(tmp_path, Options(2, CASES))  # a case that was killed twice has failed until then
    assert outcomes(tmp_path) == expected(range(20, 20 + CASES))


@pytest.mark.parametrize("times", TIMES)
def test_of_workers_of_a_cluster(tmp_path: Path, times: int) -> None:
    draw = drawn()
    with dask_cluster(2, free_ports(1)[0]) as cluster:
        options = Options(2, CASES, seconds=0.02 * times, address=cluster.address)
        with started(tmp_path, options) as process:
            for _ in range(times):
                enough = ended(tmp_path) + draw.randint(0, CASES // (4 * times))
                wait_for(lambda: ended(tmp_path) >= enough)  # noqa: B023 - called at once
                while not (busy := cluster.busy):
                    assert process.poll() is None
                    time.sleep(0.02)
                draw.choice(busy).kill()
            _, said = process.communicate(timeout=300)
        assert process.returncode == 0, said
    finish(tmp_path, Options(2, CASES))  # a case whose workers were killed again and again has failed until then
    assert outcomes(tmp_path) == expected(range(20, 20 + CASES))


@pytest.mark.parametrize("times", [1, pytest.param(20, marks=pytest.mark.slow)])
def test_of_the_scheduler(tmp_path: Path, times: int) -> None:
    draw = drawn()
    for _ in range(times):
        with dask_cluster(2, free_ports(1)[0]) as cluster:
            enough = ended(tmp_path) + draw.randint(1, CASES // (2 * times))
            with started(tmp_path, Options(2, CASES, seconds=0.03, address=cluster.address)) as process:
                wait_for(lambda: ended(tmp_path) >= enough)  # noqa: B023 - called at once
                cluster.scheduler.kill()
                _, said = process.communicate(timeout=60)
        assert "the scheduler of Dask does not answer any more" in said.splitlines()[-1], said
    finish(tmp_path, Options(2, CASES))
    assert outcomes(tmp_path) == expected(range(20, 20 + CASES))


@pytest.mark.parametrize(
    "call, when",
    [
        pytest.param(call, when, marks=() if (call, when) in QUICK else pytest.mark.slow)
        for call, when in POINTS
        if call != "link"  # which the lock alone asks for
    ],
)
def test_at_every_point_of_writing(tmp_path: Path, call: str, when: str) -> None:
    draw = drawn()
    # The lock comes first. A run of 2 s writes 20 parts, and so joins parts often enough.
    for number in (1, draw.randint(2, 6), draw.randint(7, 12)):
        with started(tmp_path, Options(0, CASES, seconds=0.01, fatal=(call, number, when))) as process:
            process.communicate(timeout=300)
        assert process.returncode == -9
    finish(tmp_path, Options(0, CASES, seconds=0))
    assert outcomes(tmp_path) == expected(range(20, 20 + CASES))
    assert not list((tmp_path / "ledger").glob("*.draft"))


def test_at_every_point_of_locking(tmp_path: Path) -> None:
    done = kills(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    counts, left = json.loads(done.stdout)
    assert {call: counts[f"{call} after"] for call in CALLS} == {
        "write": 3,  # the lock, that of who takes over, the lock again
        "sync": 3,
        "rename": 0,
        "settle": 0,
        "link": 2,
        "remove": 6,
    }
    assert set(left) <= {".draft", ".takeover"}
