"""What is written comes back: voxels, types, grids to the bit, segments, notes; from images and from masks."""

import math
import pickle
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import voxmill as vm
from image_cases import noise, windows
from small_images import SHAPE, case
from stored import stored
from voxmill.grid import Grid
from voxmill_kernels.facts import Extremes, Moments

TYPES = ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8")
NUMBERS = st.floats(-1e4, 1e4, allow_nan=False)
few = hypothesis_settings(max_examples=40)


@st.composite
def affines(draw: st.DrawFn) -> NDArray[np.float64]:
    """Any axes that span space: rotated, flipped and sheared, of spacings from 1e-3 to 1e3."""
    rotation, _ = np.linalg.qr(np.reshape([draw(NUMBERS) for _ in range(9)], (3, 3)) + 2e4 * np.eye(3))
    shear = np.eye(3)
    shear[0, 1], shear[0, 2], shear[1, 2] = (draw(st.floats(-0.9, 0.9)) for _ in range(3))
    signs = [draw(st.sampled_from([-1.0, 1.0])) for _ in range(3)]
    affine = np.eye(4)
    affine[:3, :3] = rotation @ shear * signs * [draw(st.floats(1e-3, 1e3)) for _ in range(3)]
    affine[:3, 3] = [draw(NUMBERS) for _ in range(3)]
    return affine


@st.composite
def grids(draw: st.DrawFn, shape: tuple[int, int, int]) -> Grid:
    """A grid that was given as an affine, or by spacing and direction."""
    affine = draw(affines())
    if draw(st.booleans()):
        return Grid(shape, tuple(map(tuple, affine.tolist())))
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    return Grid.from_spacing(shape, lengths.tolist(), origin=affine[:3, 3].tolist(), direction=affine[:3, :3] / lengths)


def same_grid(one: Grid, other: Grid) -> bool:
    return repr((one.shape, one.affine, one.dimensions, one.given)) == repr(
        (other.shape, other.affine, other.dimensions, other.given)
    )


@few
@given(data=st.data())
def test_images_come_back_to_the_bit(data: st.DataObject) -> None:
    shape = data.draw(st.tuples(st.integers(1, 40), st.integers(1, 70), st.integers(1, 70)))
    dtype, seed = data.draw(st.sampled_from(TYPES)), data.draw(st.integers(0, 2**32 - 1))
    voxels = np.frombuffer(np.random.default_rng(seed).bytes(math.prod(shape) * int(dtype[1])), dtype).reshape(shape)
    grid = data.draw(grids(shape))
    image = vm.Volume(voxels, grid, name=data.draw(st.text(min_size=1, max_size=20)), notes=("a", "ü"))
    window = data.draw(windows(shape))
    with TemporaryDirectory() as folder:
        found = stored(Path(folder, "store"), image)
        assert same_grid(found.grid, grid)
        assert found.dtype == voxels.dtype
        assert found.read(window).tobytes() == voxels[window.slices].tobytes()
        assert found.load().array.tobytes() == voxels.tobytes()
        assert found.notes == image.notes
        assert found.name.encode(errors="replace") == image.name.encode(errors="replace")
        assert found.digest == image.digest == found.load().digest


@few
@given(data=st.data())
def test_masks_come_back_to_the_bit(data: st.DataObject) -> None:
    shape = data.draw(st.tuples(*[st.integers(1, 20)] * 3))
    dtype = data.draw(st.sampled_from(["u1", "i2", "u2", "i8"]))
    layers = [
        np.random.default_rng(data.draw(st.integers(0, 2**32 - 1))).integers(0, 4, shape).astype(dtype)
        for _ in range(data.draw(st.integers(1, 3)))
    ]
    layers[0].flat[0] = 1
    grid = data.draw(grids(shape))
    mask = vm.Mask.of_layers(layers, grid, names={(0, 1): "gross tumour"}, name="drawn", notes=["by hand"])
    image = vm.Volume(np.zeros((2, 3, 4), np.int16), spacing=(1, 1, 1))
    window = data.draw(windows(shape))
    with TemporaryDirectory() as folder:
        (found,) = stored(Path(folder, "store"), image, mask).masks
        assert same_grid(found.grid, grid)
        assert (found.segments, found.name, found.notes) == (mask.segments, mask.name, mask.notes)
        assert found.digest == mask.digest
        for number, layer in enumerate(mask.layers):
            assert found.read(number, window).tobytes() == layer[window.slices].tobytes()
            assert found.layers[number].dtype == layer.dtype
            assert np.array_equal(found.layers[number], layer)


def test_a_flat_image_stays_flat(tmp_path: Path) -> None:
    image = vm.Volume(noise(1, (1, 300, 70), np.uint16)[0], spacing=(0.5, 0.25), name="flat")
    found = stored(tmp_path / "store", image, vm.Mask(np.ones((300, 70), np.uint8), image.grid))
    assert found.grid.dimensions == found.masks[0].grid.dimensions == found.load().grid.dimensions == 2
    assert found.load().digest == image.digest


def test_what_is_longer_than_a_shard(tmp_path: Path) -> None:
    image = vm.Volume(noise(2, (130, 260, 258), np.int16), spacing=(1, 1, 1))
    assert stored(tmp_path / "store", image).load().digest == image.digest


@pytest.mark.parametrize("dtype", ["u1", "i2", "u4", "i8", "f4", "f8"])
def test_facts_are_those_of_a_pass_over_the_image(tmp_path: Path, dtype: str) -> None:
    voxels = noise(3, (140, 9, 8), dtype)
    found = stored(tmp_path / "store", vm.Volume(voxels, spacing=(1, 1, 1)))
    moments, extremes = Moments.of(voxels), Extremes.of(voxels)
    about = found.about.statistics
    assert (about.minimum, about.maximum) == (extremes.lowest, extremes.highest)
    assert (about.mean, about.deviation) == (moments.mean, moments.deviation)
    assert found.facts[Extremes] == extremes
    assert (Moments in found.facts) == (dtype in ("u1", "i2", "u4"))
    if Moments in found.facts:
        assert found.facts[Moments] == moments


def test_what_is_no_number_has_no_statistics(tmp_path: Path) -> None:
    voxels = np.array([[[0, np.nan, np.inf]]], np.float32)
    found = stored(tmp_path / "store", vm.Volume(voxels, spacing=(1, 1, 1)))
    assert found.facts == {}
    assert found.about.statistics.mean is None
    assert np.array_equal(found.load().array, voxels, equal_nan=True)


def test_images_and_masks_can_be_sent_to_other_processes(tmp_path: Path) -> None:
    image, mask = case()
    found = stored(tmp_path / "store", image, mask)
    (mask_found,) = found.masks
    assert pickle.loads(pickle.dumps(found)).load().digest == image.digest
    sent = pickle.loads(pickle.dumps(mask_found))
    assert "layers" not in vars(sent)
    assert np.array_equal(sent.read(0, vm.Window.whole(SHAPE)), mask.layers[0])


def test_masks_are_named_and_divided_as_others(tmp_path: Path) -> None:
    image, mask = case()
    (found,) = stored(tmp_path / "store", image, mask).masks
    assert [str(one) for one in found.named({1: "rim"}).segments] == ["rim", "3"]
    assert found.layer(0).segments == mask.layer(0).segments
