"""Segments in layers: each keeps its voxels, whatever it overlaps."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from voxmill.io.dicom.layers import Patch, layers_of
from voxmill_kernels.types import Bools

SHAPE = (3, 5, 6)


@st.composite
def segments(draw: st.DrawFn) -> list[tuple[int, Bools]]:
    """Labels and boxes of voxels, which may overlap and may be empty."""
    labels = draw(st.lists(st.integers(1, 300), unique=True, min_size=1, max_size=6))
    random = np.random.default_rng(draw(st.integers(0, 10_000)))
    density = draw(st.sampled_from([0.0, 0.05, 0.3]))
    return [(label, random.random(SHAPE) < density) for label in labels]


def patches(inside: Bools) -> list[Patch]:
    """A patch for each slice, without its first row and column where nothing is in these."""
    crop = int(not inside[:, 0].any() and not inside[:, :, 0].any())
    return [Patch(at, crop, crop, plane[crop:, crop:]) for at, plane in enumerate(inside)]


@given(given_segments=segments())
def test_every_segment_keeps_its_voxels(given_segments: list[tuple[int, Bools]]) -> None:
    highest = max(label for label, _ in given_segments)
    layers = layers_of(((label, patches(inside)) for label, inside in given_segments), SHAPE, highest=highest)
    assert layers.drawn == {label for label, inside in given_segments if inside.any()}
    assert {array.dtype for array in layers.arrays} == {np.dtype(np.uint8 if highest < 256 else np.uint16)}
    for label, inside in given_segments:
        found = [array == label for array in layers.arrays if (array == label).any()]
        assert len(found) == int(inside.any())
        np.testing.assert_array_equal(np.logical_or.reduce([np.zeros(SHAPE, np.bool_), *found]), inside)


@given(given_segments=segments())
def test_a_new_layer_only_where_all_before_it_are_taken(given_segments: list[tuple[int, Bools]]) -> None:
    apart, taken = [], np.zeros(SHAPE, dtype=np.bool_)
    for label, inside in given_segments:
        apart.append((label, patches(inside & ~taken)))
        taken |= inside
    assert len(layers_of(apart, SHAPE, highest=300).arrays) == 1
    most = max(sum(inside.astype(int) for _, inside in given_segments).max(), 1)  # type: ignore[union-attr]
    found = layers_of(((label, patches(inside)) for label, inside in given_segments), SHAPE, highest=300)
    assert len(found.arrays) >= most
