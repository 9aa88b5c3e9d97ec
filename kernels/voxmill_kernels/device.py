"""What work on a device asks of it."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeAlias

from numpy.typing import DTypeLike

from voxmill_kernels.types import Array, Ints

Buffer: TypeAlias = Any
"""An array on a device, in order (C), with NumPy's interface: CuPy's on a GPU."""
Mark: TypeAlias = Any
"""A point in what a thread has asked of a device, that can be hashed: an event of CUDA on a GPU."""


class Device(Protocol):
    """Memory of its own, and kernels that work on it: what a thread asks for is done in its order, some time later."""

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
        """A copy of an array here, when all that this thread has asked for is done."""

    def download_all(self, buffers: Sequence[Buffer]) -> list[Array]:
        """Copies of several arrays here, waited for once."""

    def filled(self, buffer: Buffer) -> tuple[Ints, Array]:
        """Where an array of one dimension is not 0, ascending, and what stands there."""

    def in_order(self) -> AbstractContextManager[None]:
        """While inside, what this thread asks for is done beside what others ask for that are inside.

        An array goes to another thread with a mark, for which that one waits before it uses it. Who gives it away may
        forget it when it has waited for a mark of the other's, behind that use, or when the other's work is finished.
        """

    def mark(self) -> Mark:
        """A mark behind all that this thread has asked for."""

    def wait(self, mark: Mark) -> None:
        """What this thread asks for from now on begins when all that is before a mark is done; this returns at once."""

    def finish(self) -> None:
        """Return when all that this thread has asked for is done."""

    def release(self) -> None:
        """Give back the memory that is held for later and not in use."""

    def trim(self) -> None:
        """The same where little is free, while other threads go on."""
