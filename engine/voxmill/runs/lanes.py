"""Which workers of a cluster cases can be handed to: those with processors alone, and those with a GPU."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

CPU = "CPU"
"""The resource of Dask that a case takes one of, where workers have such."""
GPU = "GPU"
"""The one that a case takes one of that may use a GPU; a worker has it for a GPU of its own."""
PROCESSORS = (CPU,)
"""What jobs can use that do not say it."""
TOGETHER = 8
"""So many cases at a time share a GPU, in one process: what they have counted there can be counted together."""
Told = Mapping[str, Any]
"""What a scheduler tells of a worker."""


@dataclass(frozen=True)
class Lane:
    """Workers of a kind. places: how many cases they do at a time. takes: what a case takes of Dask's resources.

    kind: CPU or GPU, of which a case takes a part.
    """

    kind: str
    places: int
    takes: Mapping[str, float]

    @classmethod
    def of(cls, kind: str, workers: Collection[Told]) -> "Lane":
        """That of workers of which each has something of this kind, or none has."""
        told = [one["resources"].get(kind) for one in workers]
        if kind == GPU:
            return cls(kind, sum(map(_sharing, workers)), {kind: 1 / TOGETHER})
        if not any(told):
            return cls(kind, sum(one["nthreads"] for one in workers), {})
        places = (min(one["nthreads"], int(some)) for one, some in zip(workers, told, strict=True))
        return cls(kind, sum(places), {kind: 1})


def _sharing(worker: Told) -> int:
    """How many cases share the GPU of a worker: as many as it has threads that are not there for other cases."""
    resources: Mapping[str, float] = worker["resources"]
    threads = int(worker["nthreads"] - resources.get(CPU, 0))
    return max(1, min(threads, int(TOGETHER * resources[GPU])))


def processors(workers: Collection[Told]) -> Lane:
    """The workers that a case goes to which uses no GPU: those for it, or else those without a GPU, or else all."""
    able = [one for one in workers if one["resources"].get(CPU)]
    plain = [one for one in workers if not one["resources"].get(GPU)]
    return Lane.of(CPU, able or plain or workers)


def lanes(workers: Collection[Told], resources: Collection[str], *, apart: bool = False) -> tuple[Lane, ...]:
    """The workers that the cases of a job go to which can use these resources; GPUs come first. One at least.

    apart: each case with a GPU to itself, where there are any.
    """
    with_gpu = [one for one in workers if one["resources"].get(GPU)] if GPU in resources else []
    if apart and with_gpu:
        return (Lane(GPU, len(with_gpu), {GPU: min(one["resources"][GPU] for one in with_gpu)}),)
    found = [Lane.of(GPU, with_gpu)] if GPU in resources else []
    if CPU in resources:
        others = [one for one in workers if one["resources"].get(CPU) or not one["resources"].get(GPU)]
        found.append(processors(others if found else workers))
    return tuple(one for one in found if one.places) or tuple(found[-1:])
