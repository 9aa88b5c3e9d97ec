"""Where a run computes: decided once, before it begins, for the workers that it has."""

import os
import pickle
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from typing import Any

from voxmill.computing import VISIBLE, count_gpus, find_gpu, forget_what_passes, parse_device, require_gpu
from voxmill.errors import VoxmillError
from voxmill.runs.lanes import CPU, GPU
from voxmill.runs.places import Address, Place, ThisMachine
from voxmill.runs.records import Outcome, Record
from voxmill.runs.warden import START_S, Child, Limits, Sealed, version
from voxmill.settings import Settings

VARYING = ("exponential", "logarithm")
"""Image types whose last digit is that of what computes it; all else is the same bytes on a GPU and on a CPU."""
RESOURCES: Mapping[str, tuple[str, ...]] = {"cpu": (CPU,), "gpu": (GPU,), "auto": (CPU, GPU)}
"""What the cases of a run can use of Dask's resources, by its device."""
TOLD: Mapping[str, str] = {"cpu": "cpu", "gpu": "gpu", "auto": "gpu and cpu"}
"""How a run's device is called in run.json."""
INSTANCE = "MIG-"
"""How the name of an instance begins that a GPU was divided into (NVIDIA's MIG)."""
CRASHED = "a process that looked for one ended without a word; see whether nvidia-smi shows it in order"


def varies(settings: Settings) -> bool:
    """Whether values may differ between a GPU and a CPU; then one run uses one of the two."""
    return any(name in settings.images for name in VARYING)


def decide(asked: str, settings: Settings, place: Place, workers: int) -> tuple[str, Place, str]:
    """The device of a run, the place of its cases made ready for that, and what is amiss with GPUs of this machine.

    Of devices it is cpu, gpu, or auto for both side by side. asked: auto, cpu or gpu. On a cluster auto is both where
    values do not depend on it, and the CPU where they do; in jobs of SLURM it is the CPU. Of this machine see
    `decide_here`, which raises SettingsError.
    """
    parse_device(asked)
    if isinstance(place, ThisMachine):
        return decide_here(asked, settings, place, workers)
    if asked == "gpu":
        return "gpu", replace(place, gpu=True), ""
    is_both = asked == "auto" and isinstance(place, Address) and not varies(settings)
    return "auto" if is_both else "cpu", place, ""


def decide_here(asked: str, settings: Settings, place: ThisMachine, workers: int) -> tuple[str, ThisMachine, str]:
    """The same of this machine: auto is both where a GPU works and values do not depend on it, the GPU where they do.

    Without workers the GPU does all. Raises SettingsError for gpu where none works.
    """
    if parse_device(asked) == "cpu":
        return "cpu", place, ""
    found = look() if workers else Sight.here()
    if asked == "gpu":
        require_gpu(found.count, found.obstacle)
    if not found.count:
        return "cpu", place, found.fault
    if not workers:
        return "gpu", place, ""
    used = "gpu" if asked == "gpu" or varies(settings) else "auto"
    return used, replace(place, gpus=_visible(found.count)), ""


@dataclass(frozen=True)
class Sight:
    """How many GPUs there are that a process sees, or what is in the way of using one; fault: as FoundGPU has it."""

    count: int
    obstacle: str = ""
    fault: str = ""

    @classmethod
    def here(cls) -> "Sight":
        """What this process sees."""
        forget_what_passes()
        found = find_gpu()
        return cls(count_gpus(), found.obstacle, found.fault)

    @classmethod
    def broken(cls, why: str) -> "Sight":
        """None, where it is not known whether there are some."""
        return cls(0, why, why)


@dataclass(frozen=True)
class Look:
    """A job of one case: look for GPUs. A process of its own does it, as a GPU that was used belongs to the process."""

    def key(self, case: int) -> str:
        """Nothing that is kept."""
        return str(case)

    def name(self, case: int) -> str:
        """Nothing that is told."""
        return "a look for GPUs"

    def known(self, case: int) -> Mapping[str, Any]:
        """Nothing."""
        return {}

    def load(self, case: int) -> None:
        """Nothing: what is loaded is part of the look."""

    def do(self, case: int, enter: Callable[[str], None]) -> Mapping[str, Any]:
        """What the process sees."""
        return asdict(Sight.here())


def look() -> Sight:
    """What processes of this machine see; one that crashes takes nothing with it."""
    if find_spec("cupy") is None:
        return Sight.here()
    child = Child(visible=None)
    try:
        is_ready = child.begin(version())
        answer = child.do(Sealed(pickle.dumps((Look(), 0))), Limits(START_S)) if is_ready else None
    finally:
        child.end()
    told = pickle.loads(answer.content) if isinstance(answer, Sealed) else None
    if not isinstance(told, Record):
        return Sight.broken(str(told) if isinstance(told, VoxmillError) else CRASHED)
    return Sight(**told.result) if told.outcome is Outcome.DONE else Sight.broken(told.sentence)


def _visible(count: int) -> tuple[str, ...]:
    """So many GPUs as CUDA_VISIBLE_DEVICES names them; CUDA leaves out those after one that it does not know.

    Of instances of GPUs a process sees one, however many are named: there are as many as that.
    """
    names = [one.strip() for one in os.environ.get(VISIBLE, "").split(",") if one.strip()]
    if names and all(one.startswith(INSTANCE) for one in names):
        return tuple(dict.fromkeys(names))
    return tuple(names[:count] or map(str, range(count)))
