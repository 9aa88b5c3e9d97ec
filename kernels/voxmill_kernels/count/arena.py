"""Batch: boxes of grey levels, packed in one arena. One box is a batch of one; `packing` makes them."""

from dataclasses import dataclass

from voxmill_kernels.types import Array, Ints

OFFSET, DEPTH, HEIGHT, WIDTH, LEVELS = range(5)


@dataclass(frozen=True)
class Batch:
    """Boxes of grey levels, each within a border of zeros, so that no neighbour lies outside its box.

    arena: (voxels of all boxes and a tail,) uint8 or uint16; 0 is outside the region, n is the n-th level of its box.
    The tail of zeros is there to be read by what looks two voxels ahead of the last box, see `beyond`. It is on the
    device of the levels that were packed.
    table: (boxes, 5) int64: offset in the arena; depth, height, width with the border; how many levels.
    numbers: the level numbers of each box, ascending. counts: how many voxels of each box have each of its levels.
    border: how many zeros surround a box on each side.
    """

    arena: Array
    table: Ints
    numbers: tuple[Ints, ...]
    counts: tuple[Ints, ...]
    border: int

    def __len__(self) -> int:
        return len(self.table)

    @property
    def levels(self) -> list[int]:
        """How many grey levels each box has."""
        levels: list[int] = self.table[:, LEVELS].tolist()
        return levels

    @property
    def longest(self) -> Ints:
        """The longest side of each box (boxes,), without its border."""
        longest: Ints = self.table[:, DEPTH : WIDTH + 1].max(axis=1) - 2 * self.border
        return longest

    @property
    def shapes(self) -> list[tuple[int, int, int]]:
        """The shape z, y, x of each box, without its border."""
        inner = self.table[:, DEPTH : WIDTH + 1] - 2 * self.border
        return [(z, y, x) for z, y, x in inner.tolist()]


def beyond(height: int, width: int) -> int:
    """How far two steps along (1, 1, 1), from any voxel within a border, lead beyond the end of its box."""
    return (height + 1) * width + 1
