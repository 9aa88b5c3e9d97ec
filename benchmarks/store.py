"""The store beside what it is measured by: compressing in memory, SimpleITK and .nii.gz, a volume ten times smaller.

    python benchmarks/store.py                            on the default temporary folder
    python benchmarks/store.py --folder /dev/shm          on another, best on tmpfs

One thread, page cache warm, the least of some repeats, seconds of the clock. The volume is CT-like (noise in a body,
air around it), 512 × 512 × 300 int16, the region has 100,000 voxels, and a halo of 16. The smaller volume is a part of
it that begins with a chunk: the same region lies in as many chunks of both. Converting is that of the volume as an
uncompressed DICOM series, beside decoding its files with pydicom and compressing the chunks in memory.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import google_crc32c
import numpy as np
import SimpleITK as sitk
from numcodecs.blosc import BITSHUFFLE, Blosc
from numpy.typing import NDArray
from pydicom import dcmread

import voxmill as vm
from voxmill.store import StoredImage, create_store, finish_case, new_case, open_store, write_image
from voxmill.store.layout import chunk_shape
from workloads import CT, Shape, synthetic

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from dicom_files import write_series

HALO = (16, 16, 16)
VOXELS = 100_000


@dataclass(frozen=True)
class Scan:
    """A volume, the box of its region with the halo, and how many voxels the region has."""

    volume: vm.Volume
    window: vm.Window


def scan(shape: Shape, voxels: int = VOXELS) -> Scan:
    """A CT-like volume: what `synthetic` makes, in a body of noise."""
    made = synthetic(voxels, shape=shape)
    generator = np.random.default_rng(1)
    noise = (30 * generator.standard_normal(shape, dtype=np.float32)).astype(np.int16)
    y, x = (np.linspace(-1, 1, size) for size in shape[1:])
    body = (y[:, np.newaxis] / 0.66) ** 2 + (x / 0.9) ** 2 < 1
    image = np.where(made.image > -1000, made.image, np.where(body, 40 + noise, np.maximum(-1024, noise // 3 - 1000)))
    volume = vm.Volume(image.astype(np.int16), spacing=made.spacing, name="scan")
    (segment,) = vm.Mask(made.labels, volume.grid).segments
    return Scan(volume, segment.box.grow(HALO).clip(shape))


def part_of(whole: Scan) -> Scan:
    """The columns of chunks around the region, which is where it was in its chunks."""
    steps = chunk_shape(whole.volume.grid.shape, 3)
    ends = zip(whole.window.start, whole.window.stop, steps, whole.volume.grid.shape, strict=True)
    _, *cut = [(start // step * step, min(-(-stop // step) * step, size)) for start, stop, step, size in ends]
    (top, bottom), (left, right) = cut
    voxels = whole.volume.array[:, top:bottom, left:right]
    volume = vm.Volume(np.ascontiguousarray(voxels), spacing=whole.volume.grid.spacing, name="scan")
    return Scan(volume, whole.window.moved((0, -top, -left)))


def least(repeats: int, work: Callable[[], object], prepare: Callable[[], object] = lambda: None) -> float:
    """The least seconds of some runs, each after a preparation that does not count."""
    seconds = []
    for _ in range(repeats):
        prepare()
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def chunks_of(voxels: NDArray[np.int16]) -> Iterator[NDArray[np.int16]]:
    """The chunks of an image, those at its ends filled up, as the store compresses them."""
    steps = chunk_shape((voxels.shape[0], voxels.shape[1], voxels.shape[2]), 3)
    for corner in product(*(range(0, size, step) for size, step in zip(voxels.shape, steps, strict=True))):
        part = voxels[tuple(slice(at, at + step) for at, step in zip(corner, steps, strict=True))]
        chunk = np.zeros(steps, np.int16)
        chunk[tuple(map(slice, part.shape))] = part
        yield chunk


def compress(voxels: NDArray[np.int16]) -> None:
    """All chunks compressed, with their checksums, and kept in memory."""
    codec = Blosc(cname="lz4", clevel=5, shuffle=BITSHUFFLE)
    kept = [codec.encode(chunk) for chunk in chunks_of(voxels)]
    for one in kept:
        google_crc32c.value(one)


def written(folder: Path, volume: vm.Volume) -> Path:
    """A store of one image."""
    store = create_store(tempfile.mkdtemp(dir=folder))
    case = new_case(store, "case")
    write_image(case, volume)
    finish_case(case, "case")
    return store


def convert(series: Path, folder: Path) -> None:
    """A store of a series, its tables, its ledger and its key."""
    vm.convert(series, Path(tempfile.mkdtemp(dir=folder)) / "cohort.zarr")


def decode_and_compress(files: Sequence[Path]) -> None:
    """What converting cannot do without: every slice decoded, all chunks compressed."""
    compress(np.stack([dcmread(file).pixel_array.astype(np.int16) for file in files]))


def opened(store: Path) -> StoredImage:
    """The image of a store, which is opened anew."""
    return open_store(store).case("case").images[0]


def measure(folder: Path, large: Scan, repeats: int) -> dict[str, float]:
    """Seconds of everything, and how many times larger the large volume is, by name."""
    small = part_of(large)
    write = least(repeats, lambda: written(folder, vm.Volume(large.volume.array, large.volume.grid, name="scan")))
    stores = {"large": written(folder, large.volume), "small": written(folder, small.volume)}
    sitk.WriteImage(sitk.GetImageFromArray(large.volume.array), folder / "scan.nii.gz")
    files = write_series(folder / "series", large.volume.array, attributes={"RescaleIntercept": 0})
    assert np.array_equal(vm.read_image(folder / "series").array, large.volume.array)
    assert vm.read_image(folder / "series").dtype == large.volume.dtype  # so that the chunks are those of `compress`
    found = opened(stores["large"]).read(large.window)
    assert np.array_equal(found, large.volume.read(large.window))
    return {
        "times": large.volume.array.size / small.volume.array.size,
        "write": write,
        "compress": least(repeats, lambda: compress(large.volume.array)),
        "convert": least(repeats, lambda: convert(folder / "series", folder)),
        "decode": least(repeats, lambda: decode_and_compress(files)),
        "nifti": least(max(1, repeats // 3), lambda: sitk.GetArrayFromImage(sitk.ReadImage(folder / "scan.nii.gz"))),
        "region": least(5 * repeats, lambda: opened(stores["large"]).read(large.window)),
        "region-small": least(5 * repeats, lambda: opened(stores["small"]).read(small.window)),
    }


def report(seconds: dict[str, float]) -> list[str]:
    """What was measured, and what was promised of it."""
    write, region = seconds["write"] / seconds["compress"], seconds["nifti"] / seconds["region"]
    larger, convert = seconds["region"] / seconds["region-small"] - 1, seconds["convert"] / seconds["decode"]
    return [
        f"writing {seconds['write']:.2f} s, {write:.1f} times compressing the chunks ({seconds['compress']:.2f} s)",
        f"converting a series {seconds['convert']:.2f} s, {convert:.2f} times decoding it and compressing the chunks "
        f"({seconds['decode']:.2f} s; promised: at most 1.6)",
        f"a region {1e3 * seconds['region']:.1f} ms, {region:.0f} times faster than SimpleITK reads the .nii.gz "
        f"({seconds['nifti']:.2f} s; promised: 40)",
        f"the region in a volume {seconds['times']:.0f} times smaller {1e3 * seconds['region-small']:.1f} ms: "
        f"the large one costs {100 * larger:+.0f} % (promised: less than 20)",
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="where files are written (the temporary folder)")
    parser.add_argument("--repeats", type=int, default=5, help="runs of each (5)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        print(*report(measure(Path(folder), scan(CT), options.repeats)), sep="\n")


if __name__ == "__main__":
    main()
