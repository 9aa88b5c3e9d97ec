"""What was counted on a device, and what of it comes back: sums and cells, or whole matrices."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from voxmill_kernels.count.cells import Cells
from voxmill_kernels.count.cuda.collected import add_large, collect_cells, spread_few
from voxmill_kernels.count.cuda.layout import SCALARS, Layout
from voxmill_kernels.count.sums import FEW, GlcmSums
from voxmill_kernels.count.sweep import Matrices
from voxmill_kernels.device import Buffer, Device
from voxmill_kernels.types import Array, Counts, Ints


@dataclass(frozen=True)
class Counted:
    """Counts and sums of a batch, in buffers of a device. All of the following come by box, and from there.

    What comes together is looked at in one pass for all boxes; each box has views of what was made.
    """

    device: Device
    layout: Layout
    buffers: Mapping[str, Buffer]

    def matrices(self) -> list[Matrices]:
        """Whole matrices, as the CPU's `sweep` gives them."""
        gldm = (matrix[0] for matrix in self._whole("gldm", "around"))
        parts = zip(self.pairs(), gldm, self.ngtdm(), self.run_matrices(), self.zones(), strict=True)
        return [Matrices(*part) for part in parts]

    def pairs(self) -> list[Counts]:
        """GLCM, as in Matrices."""
        return list(self._whole("glcm", "pairs"))

    def run_matrices(self) -> list[Counts]:
        """GLRLM, as in Matrices."""
        return list(self._whole("glrlm", "runs"))

    def ngtdm(self) -> list[Ints]:
        """NGTDM, as in Matrices."""
        return [matrix[0] for matrix in self._whole("ngtdm", "around")]

    def dependences(self) -> list[Cells]:
        """The cells of GLDM."""
        return self._split_cells(*self._cells("gldm", "around"), "around")

    def runs(self) -> list[Cells]:
        """The cells of GLRLM, a matrix for each of the 13 directions."""
        return self._split_cells(*self._cells("glrlm", "runs"), "runs")

    def zones(self) -> list[Cells]:
        """The cells of GLSZM."""
        small, ends = self._cells("small", "small", first=0)
        large, listed = self._downloaded("large", "large_listed")
        cells = np.empty((4, small.shape[1] + int(listed.sum())), dtype=np.int64)
        ends = add_large(small, ends, large, self._starts("large"), listed, cells)
        return self._split_cells(cells, ends, "small")

    def pair_sums(self) -> list[GlcmSums]:
        """What the CPU's `sum_glcm` gives of GLCM."""
        sums, large = self._downloaded("sums", "many")
        offsets = self.layout.offsets
        scalars = sums[self._starts("sums")[:, np.newaxis] + np.arange(SCALARS * offsets)]
        most_twice = 2 * scalars[:, -offsets:].max(axis=1)
        voxels = scalars[:, :offsets].max(axis=1)
        few = self._few(np.minimum(FEW, most_twice + 1))
        room = np.minimum(self.layout.boxes["levels"] ** 2, voxels // FEW)
        many = self._many(large, np.where(most_twice < FEW, 0, room))
        tops = ((self.layout.shapes["sums"][:, 1] - SCALARS - self._levels - 1) // 3).tolist()
        given = zip(self._starts("sums").tolist(), self._levels.tolist(), tops, few, many, strict=True)
        return [_pair_sums(sums[start:], offsets, levels, top, (few, many)) for start, levels, top, few, many in given]

    @property
    def _levels(self) -> Ints:
        return np.ascontiguousarray(self.layout.boxes["levels"])

    def _starts(self, part: str) -> Ints:
        return np.ascontiguousarray(self.layout.boxes[part])

    def _downloaded(self, *buffers: str) -> list[Array]:
        return self.device.download_all([self.buffers[one] for one in buffers])

    def _whole(self, buffer: str, part: str) -> Iterator[Array]:
        return self.layout.split(part, *self._downloaded(buffer))

    def _cells(self, buffer: str, part: str, *, first: int = 1) -> tuple[Ints, Ints]:
        """The cells of a part of all boxes, and where those of a box end; the first column is size `first`."""
        where, counts = self.device.filled(self.buffers[buffer])
        cells = np.empty((4, len(where)), dtype=np.int64)
        return cells, collect_cells(
            where, counts, self._starts(part), np.ascontiguousarray(self.layout.shapes[part]), first, cells
        )

    def _split_cells(self, cells: Ints, ends: Ints, part: str) -> list[Cells]:
        matrix, level, size, count = cells
        matrices, last = self.layout.shapes[part][:, 0].tolist(), ends.tolist()
        given = zip([0, *last[:-1]], last, matrices, strict=True)
        return [Cells(matrix[a:b], level[a:b], size[a:b], count[a:b], n) for a, b, n in given]

    def _few(self, widths: Ints) -> list[Counts]:
        """How often counts occur, (offsets, width) of each box."""
        offsets = self.layout.offsets
        ends = np.cumsum(offsets * widths)
        few, starts = np.zeros(int(ends[-1]), dtype=np.uint32), ends - offsets * widths
        spread_few(*self.device.filled(self.buffers["few"]), offsets, starts, widths, few)
        given = zip(starts.tolist(), ends.tolist(), strict=True)
        return [few[start:end].reshape(offsets, -1) for start, end in given]

    def _many(self, large: Ints, room: Ints) -> Iterator[Ints]:
        """Large counts, ascending, in as much room as the CPU takes for them."""
        none = np.zeros((self.layout.offsets, 0), dtype=np.int64)
        for part, its in zip(self.layout.split("many", large), room.tolist(), strict=True):
            yield np.ascontiguousarray(np.sort(part, axis=1)[:, part.shape[1] - its :]) if its else none


def _pair_sums(sums: Ints, offsets: int, levels: int, top: int, occurring: tuple[Counts, Ints]) -> GlcmSums:
    """Sums of a box, which stand at the beginning of `sums`: scalars by kind, then by i, i + j and |i - j|."""
    plus = offsets * (SCALARS + levels)
    minus = plus + offsets * (2 * top + 1)
    few, many = occurring
    return GlcmSums(
        total=sums[:offsets],
        marginals=sums[offsets * SCALARS : plus].reshape(offsets, 1, levels),
        plus=sums[plus:minus].reshape(offsets, -1),
        minus=sums[minus : minus + offsets * top].reshape(offsets, -1),
        product=sums[offsets : 2 * offsets],
        squares=sums[2 * offsets : 3 * offsets],
        largest=sums[3 * offsets : 4 * offsets],
        few=few,
        many=many,
    )
