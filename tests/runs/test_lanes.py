"""Cases that may use a GPU and workers that have one, none of which is needed for that."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from dask_cluster import dask_cluster, free_ports
from square_job import Where
from voxmill.errors import InputError
from voxmill.runs.lanes import CPU, GPU, TOGETHER, Lane, lanes
from voxmill.runs.ledger import opened, read_ledger
from voxmill.runs.places import Address, Slurm, ThisMachine, connected
from voxmill.runs.runner import run


def worker(threads: int, **resources: float) -> dict[str, Any]:
    return {"nthreads": threads, "resources": resources}


PLAIN, ABLE, WITH_GPU = worker(4), worker(4, CPU=3.0), worker(2, GPU=1.0)
PART = {GPU: 1 / TOGETHER}
ON_CPU, ON_GPU, ON_PLAIN = Lane(CPU, 3, {CPU: 1}), Lane(GPU, 2, PART), Lane(CPU, 4, {})


@pytest.mark.parametrize(
    "workers, resources, expected",
    [
        ([], (CPU,), [Lane(CPU, 0, {})]),
        ([PLAIN, PLAIN], (CPU,), [Lane(CPU, 8, {})]),
        ([PLAIN, ABLE, WITH_GPU], (CPU,), [ON_CPU]),
        ([PLAIN, WITH_GPU], (CPU,), [ON_PLAIN]),
        ([WITH_GPU], (CPU,), [Lane(CPU, 2, {})]),
        ([], (CPU, GPU), [Lane(CPU, 0, {})]),
        ([PLAIN], (CPU, GPU), [ON_PLAIN]),
        ([PLAIN, ABLE, WITH_GPU], (CPU, GPU), [ON_GPU, ON_CPU]),
        ([PLAIN, WITH_GPU], (CPU, GPU), [ON_GPU, ON_PLAIN]),
        ([WITH_GPU], (CPU, GPU), [ON_GPU]),
        ([], (GPU,), [Lane(GPU, 0, PART)]),
        ([ABLE], (GPU,), [Lane(GPU, 0, PART)]),
        ([ABLE, WITH_GPU, WITH_GPU], (GPU,), [Lane(GPU, 4, PART)]),
        ([worker(64, GPU=1.0), worker(64, GPU=2.0)], (GPU,), [Lane(GPU, 3 * TOGETHER, PART)]),
        ([worker(8, CPU=7.0, GPU=1.0)], (CPU, GPU), [Lane(GPU, 1, PART), Lane(CPU, 7, {CPU: 1})]),
        ([worker(8, CPU=8.0, GPU=1.0)], (GPU,), [Lane(GPU, 1, PART)]),
    ],
)
def test_which_workers_cases_go_to(
    workers: Sequence[dict[str, Any]], resources: Sequence[str], expected: list[Lane]
) -> None:
    assert list(lanes(workers, resources)) == expected


@pytest.mark.parametrize(
    "workers, resources, expected",
    [
        ([ABLE, WITH_GPU, WITH_GPU], (CPU, GPU), [Lane(GPU, 2, {GPU: 1})]),
        ([worker(64, GPU=2.0), worker(64, GPU=2.0)], (GPU,), [Lane(GPU, 2, {GPU: 2})]),
        ([worker(64, GPU=0.5)], (GPU,), [Lane(GPU, 1, {GPU: 0.5})]),
        ([ABLE, WITH_GPU], (CPU,), [ON_CPU]),
        ([ABLE], (CPU, GPU), [ON_CPU]),
        ([ABLE], (GPU,), [Lane(GPU, 0, PART)]),
    ],
)
def test_a_case_apart_takes_all_of_a_gpu(
    workers: Sequence[dict[str, Any]], resources: Sequence[str], expected: list[Lane]
) -> None:
    assert list(lanes(workers, resources, apart=True)) == expected


def seen(folder: Path, job: Where, cases: int, workers: int, gpus: tuple[str, ...]) -> list[str]:
    """Which GPUs the processes saw that did the cases."""
    with opened(folder / "ledger") as ledger:
        progress = run(job, range(cases), ledger, workers=workers, on=ThisMachine(gpus=gpus))
    assert (progress.done, progress.failed) == (cases, 0)
    return [one.result["visible"] for one in read_ledger(folder / "ledger")]


def test_every_gpu_has_a_worker_beside_those_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5,MIG-7")
    found = seen(tmp_path, Where(resources=(CPU, GPU), seconds=0.2), 24, 1, ("5", "MIG-7"))
    assert set(found) == {"", "5", "MIG-7"}


def test_cases_that_need_a_gpu_have_one(tmp_path: Path) -> None:
    assert set(seen(tmp_path, Where(resources=(GPU,)), 6, 2, ("0",))) == {"0"}


def test_cases_that_use_no_gpu_see_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert set(seen(tmp_path, Where(), 6, 1, ("0",))) == {""}


def test_a_case_whose_process_ends_with_its_gpu_is_done_without(tmp_path: Path) -> None:
    found = seen(tmp_path, Where(resources=(GPU,), dies_on_gpu=True), 3, 1, ("0",))
    assert found == [""] * 3


@pytest.mark.parametrize(
    "options, asked",
    [
        ((), ("--gpus=1",)),
        (("--qos=low",), ("--gpus=1",)),
        (("--partition=gpu",), ("--gpus=1",)),
        (("--account=lab-G",), ("--gpus=1",)),
        (("--gres=tmp:10G",), ("--gpus=1",)),
        (("--gres=gpu:h100:1",), ()),
        (("--gres=tmp:10G,gpu:1",), ()),
        (("--gpus-per-node=1",), ()),
        (("--tres-per-task=gres/gpu:1",), ()),
        (("-G 1",), ()),
    ],
)
def test_a_job_of_slurm_with_a_gpu(options: tuple[str, ...], asked: tuple[str, ...]) -> None:
    plain, with_gpu = Slurm(Path("/jobs"), options=options), Slurm(Path("/jobs"), options=options, gpu=True)
    assert (plain.directives, plain.resources) == (options, "CPU=1")
    assert (with_gpu.directives, with_gpu.resources) == ((*asked, *options), "GPU=1")


def test_a_cluster_without_the_gpu_that_it_needs(tmp_path: Path) -> None:
    said = r"no worker of the cluster has a GPU; .* --resources GPU=1, or use --device auto"
    with dask_cluster(1, free_ports(1)[0]) as cluster, opened(tmp_path / "ledger") as ledger:
        with connected(Address(cluster.address), 1) as client:
            client.wait_for_workers(1, timeout=60)
        with pytest.raises(InputError, match=said):
            run(Where(), [1], ledger, on=Address(cluster.address, gpu=True))


def test_a_process_in_which_something_is_broken_does_no_other_case(tmp_path: Path) -> None:
    with opened(tmp_path / "ledger") as ledger:
        assert run(Where(breaks_at=3), range(8), ledger, workers=1).done == 8
    did = {one.key: one.result["pid"] for one in read_ledger(tmp_path / "ledger")}
    before, after = [did[f"{case:06}"] for case in range(4)], [did[f"{case:06}"] for case in range(4, 8)]
    assert (len(set(before)), len(set(after)), len({*before, *after})) == (1, 1, 2)
