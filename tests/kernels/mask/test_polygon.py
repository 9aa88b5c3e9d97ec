"""Filled polygons equal those of the definition, whatever they cross or touch."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.path import Path

import naive_polygons
from kernel_cases import read_only
from voxmill_kernels.mask.polygon import FARTHEST, PARTS, even_odd
from voxmill_kernels.types import Ints

SHAPE = (9, 11)
ON_CENTRES = st.integers(-2, 12).map(lambda at: at * PARTS)
ANYWHERE = st.integers(-2 * PARTS, 12 * PARTS)


@st.composite
def polygons(draw: st.DrawFn) -> list[Ints]:
    """Polygons with corners on centres, on quarters of a voxel and anywhere, also outside of the image."""
    quarters = st.integers(-8, 48).map(lambda at: at * PARTS // 4)
    place = draw(st.sampled_from([ON_CENTRES, quarters, ANYWHERE]))
    corners = st.lists(st.tuples(place, place), min_size=1, max_size=8)
    return [read_only(np.array(one, dtype=np.int64)) for one in draw(st.lists(corners, min_size=1, max_size=3))]


def voxels(*corners: tuple[float, float]) -> Ints:
    """Corners given in voxels, y, x."""
    return read_only((np.array(corners) * PARTS).astype(np.int64))


@given(drawn=polygons())
def test_even_odd_is_that_of_the_definition(drawn: list[Ints]) -> None:
    np.testing.assert_array_equal(even_odd(drawn, SHAPE), naive_polygons.even_odd(drawn, SHAPE))


@given(drawn=polygons(), y=st.integers(0, 5), x=st.integers(0, 5))
def test_moved_by_whole_voxels(drawn: list[Ints], y: int, x: int) -> None:
    moved = [read_only(one + np.array([y * PARTS, x * PARTS])) for one in drawn]
    still = even_odd(drawn, SHAPE)[: SHAPE[0] - y, : SHAPE[1] - x]
    np.testing.assert_array_equal(even_odd(moved, SHAPE)[y:, x:], still)


@given(drawn=polygons(), start=st.integers(0, 7))
def test_direction_start_and_order_do_not_matter(drawn: list[Ints], start: int) -> None:
    redrawn = [read_only(np.roll(one[::-1], start, axis=0)) for one in reversed(drawn)]
    np.testing.assert_array_equal(even_odd(redrawn, SHAPE), even_odd(drawn, SHAPE))


@given(drawn=polygons(), cut=st.integers(0, 7))
def test_a_polygon_cut_in_two_is_whole(drawn: list[Ints], cut: int) -> None:
    """Of two parts that share an edge, every centre belongs to one, and to one alone where nothing overlaps."""
    (one, *_) = drawn
    at = cut % len(one)
    parts = [read_only(one[: at + 1]), read_only(np.concatenate([one[at:], one[:1]]))]
    np.testing.assert_array_equal(even_odd(parts, SHAPE), even_odd([one], SHAPE))


@given(drawn=polygons())
def test_a_keyhole_is_a_hole(drawn: list[Ints]) -> None:
    """From the outer outline to the hole, around it, back the same way."""
    outer = voxels((-1, -1), (-1, 11), (9, 11), (9, -1))
    hole = drawn[0]
    keyhole = read_only(np.concatenate([outer, outer[:1], hole, hole[:1]]))
    np.testing.assert_array_equal(even_odd([keyhole], SHAPE), even_odd([outer, hole], SHAPE))


def test_centres_on_the_edges_of_a_square() -> None:
    expected = np.zeros(SHAPE, dtype=np.bool_)
    expected[2:5, 3:7] = True
    np.testing.assert_array_equal(even_odd([voxels((2, 3), (2, 7), (5, 7), (5, 3))], SHAPE), expected)


@pytest.mark.parametrize(
    "polygon",
    [
        voxels((2.1, 3.1), (2.1, 3.9), (2.9, 3.9), (2.9, 3.1)),
        voxels((1, 1), (7, 7)),
        voxels((4, 4)),
        voxels((-5, -5), (-5, -2), (-2, -2)),
        voxels((3, 20), (3, 30), (8, 30)),
        read_only(np.zeros((0, 2), dtype=np.int64)),
    ],
)
def test_no_centre_inside(polygon: Ints) -> None:
    assert not even_odd([polygon], SHAPE).any()


def test_matplotlib_says_so_too() -> None:
    """Off the edges its rule, even-odd as well, is the same."""
    random = np.random.default_rng(5)
    for _ in range(50):
        corners = random.uniform(-3, 14, (7, 2))
        inside = Path(np.vstack([corners, corners[:1]])[:, ::-1], closed=True).contains_points(
            np.stack(np.meshgrid(range(SHAPE[1]), range(SHAPE[0])), axis=-1).reshape(-1, 2)
        )
        drawn = even_odd([voxels(*map(tuple, corners.tolist()))], SHAPE)
        np.testing.assert_array_equal(drawn, inside.reshape(SHAPE))


def test_the_farthest_corners_do_not_overflow() -> None:
    far = FARTHEST * PARTS - 1
    polygon = np.array([[-far, -far], [-far, far], [far, -far]], dtype=np.int64)
    np.testing.assert_array_equal(even_odd([polygon], (3, 3)), naive_polygons.even_odd([polygon], (3, 3)))
    polygon[0] -= 1
    with pytest.raises(ValueError, match="16384 voxels away"):
        even_odd([polygon], (3, 3))
