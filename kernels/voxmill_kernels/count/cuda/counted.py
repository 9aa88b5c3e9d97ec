"""What was counted on a device, and what of it comes back: sums and cells, or whole matrices."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from voxmill_kernels.count.cells import Cells
from voxmill_kernels.count.cuda.layout import SCALARS, Layout
from voxmill_kernels.count.sums import FEW, GlcmSums
from voxmill_kernels.count.sweep import Matrices
from voxmill_kernels.count.zones import with_large
from voxmill_kernels.cuda.device import Buffer, Device
from voxmill_kernels.types import Array, Ints


@dataclass(frozen=True)
class Counted:
    """Counts and sums of a batch, in buffers of a device. All of the following come by box, and from there."""

    device: Device
    layout: Layout
    buffers: Mapping[str, Buffer]

    def matrices(self) -> list[Matrices]:
        """Whole matrices, as the CPU's `sweep` gives them."""
        glcm, glrlm = self._whole("glcm", "pairs"), self._whole("glrlm", "runs")
        gldm = (matrix[0] for matrix in self._whole("gldm", "around"))
        return [Matrices(*parts) for parts in zip(glcm, gldm, self.ngtdm(), glrlm, self.zones(), strict=True)]

    def ngtdm(self) -> list[Ints]:
        """NGTDM, as in Matrices."""
        return [matrix[0] for matrix in self._whole("ngtdm", "around")]

    def dependences(self) -> list[Cells]:
        """The cells of GLDM."""
        return list(self._cells("gldm", "around"))

    def runs(self) -> list[Cells]:
        """The cells of GLRLM, a matrix for each of the 13 directions."""
        return list(self._cells("glrlm", "runs"))

    def zones(self) -> list[Cells]:
        """The cells of GLSZM."""
        listed = self.device.download(self.buffers["large_listed"]).tolist()
        large = (zones[:length] for zones, length in zip(self._whole("large", "large"), listed, strict=True))
        small = self._cells("small", "small", first=0)
        return [with_large(*zones) for zones in zip(small, large, strict=True)]

    def pair_sums(self) -> list[GlcmSums]:
        """What the CPU's `sum_glcm` gives of GLCM."""
        few = (_dense(*part) for part in self._filled("few", "few"))
        parts = zip(self._whole("sums", "sums"), few, self._whole("many", "many"), strict=True)
        return [_pair_sums(levels, *part) for levels, part in zip(self._levels, parts, strict=True)]

    @property
    def _levels(self) -> list[int]:
        return self.layout.boxes["levels"].tolist()

    def _whole(self, buffer: str, part: str) -> Iterator[Array]:
        return self.layout.split(part, self.device.download(self.buffers[buffer]))

    def _cells(self, buffer: str, part: str, *, first: int = 1) -> Iterator[Cells]:
        """The cells of a part; its first column is size `first`."""
        for where, counts, shape in self._filled(buffer, part):
            matrix, level, size = np.unravel_index(where, shape)
            yield Cells(matrix, level, size + first, counts, shape[0])

    def _filled(self, buffer: str, part: str) -> Iterator[tuple[Ints, Ints, tuple[int, ...]]]:
        """Where a part is not 0, what stands there, and the shape of the part."""
        where, counts = self.device.filled(self.buffers[buffer])
        starts = self.layout.boxes[part].tolist()
        ends = np.searchsorted(where, [*starts[1:], self.layout.length(part)]).tolist()
        for begin, end, start, shape in zip([0, *ends], ends, starts, self.layout.shapes[part].tolist(), strict=False):
            yield where[begin:end] - start, counts[begin:end].astype(np.int64), tuple(shape)


def _dense(where: Ints, counts: Ints, shape: tuple[int, ...]) -> Ints:
    dense = np.zeros(shape, dtype=np.int64)
    dense.flat[where] = counts
    return dense


def _pair_sums(levels: int, rows: Ints, few: Ints, many: Ints) -> GlcmSums:
    """Sums of a box out of rows, one for each offset, as `sums.cu` has them; with the room that the CPU takes."""
    scalars, by_level, others = np.split(rows, [SCALARS, SCALARS + levels], axis=1)
    total, product, squares, largest, most = np.ascontiguousarray(scalars.T)
    top = others.shape[1] // 3
    most_twice = 2 * int(most.max(initial=0))
    room = 0 if most_twice < FEW else min(levels * levels, int(total.max()) // FEW)
    return GlcmSums(
        total=total,
        marginals=np.ascontiguousarray(by_level[:, np.newaxis]),
        plus=np.ascontiguousarray(others[:, : 2 * top + 1]),
        minus=np.ascontiguousarray(others[:, 2 * top + 1 :]),
        product=product,
        squares=squares,
        largest=largest,
        few=np.ascontiguousarray(few[:, : most_twice + 1]),
        many=np.ascontiguousarray(np.sort(many, axis=1)[:, many.shape[1] - room :]),
    )
