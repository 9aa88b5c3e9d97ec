"""What counting asks of a device, and the kernels that it runs there."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from numpy.typing import DTypeLike

from voxmill_kernels.types import Array, Ints

Buffer: TypeAlias = Any
"""An array on a device, of one dimension; what it is, only the device knows."""

OPTIONS = ("--std=c++17", "-fmad=false")
"""Of the compiler."""


class Device(Protocol):
    """Memory of its own, and kernels that work on it, one after the other."""

    @property
    def shared_bytes(self) -> int:
        """How much memory a block can have to itself."""

    def upload(self, array: Array) -> Buffer:
        """A copy of an array there."""

    def zeros(self, length: int, dtype: DTypeLike) -> Buffer:
        """Room for so many numbers, all 0."""

    def launch(self, kernel: str, blocks: int, arguments: Sequence[Buffer | int], *, shared: int = 0) -> None:
        """Run so many blocks of a kernel, each with so many bytes `shared` by its threads."""

    def download(self, buffer: Buffer) -> Array:
        """A copy of a buffer here."""

    def filled(self, buffer: Buffer) -> tuple[Ints, Array]:
        """Where a buffer is not 0, ascending, and what stands there."""


@cache
def source(module: str) -> str:
    """The CUDA C++ of a module in one text: a compiler needs no files, and a cache by text misses no change."""
    folder = Path(__file__).parent
    text = (folder / f"{module}.cu").read_text(encoding="utf-8")
    return text.replace('#include "box.cuh"\n', (folder / "box.cuh").read_text(encoding="utf-8"))


def _of_both_types(*kernels: str) -> list[str]:
    """The kernels for levels of 8 bits and of 16."""
    return [f"{kernel}{bits}" for kernel in kernels for bits in (8, 16)]


KERNELS = {
    **dict.fromkeys(_of_both_types("sweep", "finish_runs"), "sweep"),
    **dict.fromkeys(_of_both_types("begin_zones", "join_zones", "measure_zones", "count_zones"), "zones"),
    "sum_pairs": "sums",
}
"""All kernels, and the module of each: a file that is compiled by itself."""
