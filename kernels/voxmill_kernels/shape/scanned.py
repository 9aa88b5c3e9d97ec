"""What the shape of a region is computed from, in whole numbers."""

from dataclasses import dataclass

from voxmill_kernels.types import Array, Ints


@dataclass(frozen=True)
class Scanned:
    """What one pass over the box of a region finds; places are z, y, x in the padded box.

    codes: (256,) how often each cube code occurs, all outside and all inside left out. places: (256, 3) sums of z, y, x
    over the cubes of a code. along_x: (2, lines z, lines y) first and last vertex on every line along x, along_y:
    (2, lines z, lines x) the same along y; in half voxels, last < first where a line has none.
    voxels; sums (3,) of z, y, x; products (3, 3) of each two of them: over the voxels of the region.
    """

    codes: Ints
    places: Ints
    along_x: Array
    along_y: Array
    voxels: int
    sums: Ints
    products: Ints
