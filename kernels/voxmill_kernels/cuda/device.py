"""What work on a device asks of it."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeAlias

from numpy.typing import DTypeLike

from voxmill_kernels.types import Array, Ints

Buffer: TypeAlias = Any
"""An array on a device, in order (C), with NumPy's interface: CuPy's on a GPU."""


class Device(Protocol):
    """Memory of its own, and kernels that work on it, one after the other."""

    @property
    def name(self) -> str:
        """What it is called where people read it."""

    @property
    def shared_bytes(self) -> int:
        """How much memory a block can have to itself."""

    @property
    def multiprocessors(self) -> int:
        """How many processors it has, each of which runs some blocks at once."""

    @property
    def free_bytes(self) -> int:
        """How much of its memory can still be taken."""

    def upload(self, array: Array) -> Buffer:
        """A copy of an array there."""

    def zeros(self, shape: int | Sequence[int], dtype: DTypeLike) -> Buffer:
        """An array of this shape, all 0."""

    def empty(self, shape: int | Sequence[int], dtype: DTypeLike) -> Buffer:
        """An array of this shape, in which anything may stand."""

    def launch(self, kernel: str, blocks: int, arguments: Sequence[Buffer | int | float], *, shared: int = 0) -> None:
        """Run so many blocks of a kernel, each with so many bytes `shared` by its threads.

        Whole numbers arrive as 64 bits, others as double; an array is where it begins.
        """

    def download(self, buffer: Buffer) -> Array:
        """A copy of an array here."""

    def filled(self, buffer: Buffer) -> tuple[Ints, Array]:
        """Where an array of one dimension is not 0, ascending, and what stands there."""

    def in_order(self) -> AbstractContextManager[None]:
        """While inside, what this thread asks for is done in one order with what others ask for that are inside.

        So arrays may go from one thread to another.
        """

    def release(self) -> None:
        """Give back the memory that is held for later and not in use."""
