"""Pictures: how a slice is turned, where outlines run, what the files and the terminal show."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread
from numpy.typing import NDArray

from voxmill.errors import InputError, OutputError
from voxmill.grid import Grid
from voxmill.pictures import (
    COLOURS,
    View,
    border_lines,
    close_up,
    grey_range,
    round_length,
    slice_picture,
    terminal_picture,
    texture_range,
)
from voxmill.volume import Mask, Volume

AXIAL = np.eye(3)
CORONAL = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
SAGITTAL = np.array([[0.0, 0, 1], [1, 0, 0], [0, -1, 0]])
"""Directions as scanners store them: columns lead along x, y, z of the array."""


def tagged(direction: NDArray[np.float64]) -> tuple[Volume, Mask]:
    """An image whose voxels say where they lie: 100 to the left, 10 to the back, 1 to the head; 0 in the middle."""
    spacing = np.array([1.0, 2.0, 3.0])
    grid = Grid.from_spacing((3, 3, 3), spacing, origin=-(direction @ spacing), direction=direction)  # type: ignore[arg-type]
    places = np.sign(np.round(grid.points(np.argwhere(np.ones(grid.shape))), 6)).reshape(*grid.shape, 3)
    image = Volume(places @ (100.0, 10.0, 1.0), grid)
    labels = np.zeros(grid.shape, np.uint8)
    labels[1, 1, 1] = 1
    return image, Mask(labels, grid)


@pytest.mark.parametrize("flips", [(1, 1, 1), (-1, -1, 1), (1, -1, -1), (-1, 1, -1)])
@pytest.mark.parametrize(
    "direction, right, down, edges",
    [(AXIAL, 100, 10, "RLAP"), (CORONAL, 100, -1, "RLSI"), (SAGITTAL, 10, -1, "APSI")],
    ids=["axial", "coronal", "sagittal"],
)
def test_any_plane_is_turned_as_radiologists_look_at_it(
    direction: NDArray[np.float64], right: int, down: int, edges: str, flips: tuple[int, int, int]
) -> None:
    view = View.of(*tagged(direction * flips))
    assert view.edges == edges
    np.testing.assert_array_equal(view.grey, [[c * right + r * down for c in (-1, 0, 1)] for r in (-1, 0, 1)])
    assert view.regions[0][1, 1]


def test_a_slice_stored_by_columns_keeps_its_pixels_size() -> None:
    rows_to_the_left = np.array([[0.0, 1, 0], [1, 0, 0], [0, 0, 1]])
    assert View.of(*tagged(rows_to_the_left)).pixel == (1.0, 2.0)
    assert View.of(*tagged(AXIAL)).pixel == (2.0, 1.0)


def test_an_oblique_slice_counts_as_its_nearest_plane() -> None:
    turned = np.array([[84, -13, 0], [13, 84, 0], [0, 0, 85]]) / 85
    assert View.of(*tagged(turned)).edges == "RLAP"


def test_borders_are_the_sides_between_inside_and_outside() -> None:
    inside = np.array([[0, 0, 0], [0, 1, 1], [0, 0, 0]], bool)
    sides = {tuple(map(tuple, side)) for side in border_lines(inside).tolist()}
    assert sides == {
        ((1, 1), (2, 1)),
        ((2, 1), (3, 1)),
        ((1, 2), (2, 2)),
        ((2, 2), (3, 2)),
        ((1, 1), (1, 2)),
        ((3, 1), (3, 2)),
    }


def test_a_region_at_the_edge_is_closed_and_a_hole_is_outlined() -> None:
    assert len(border_lines(np.ones((2, 3), bool))) == 2 * (2 + 3)
    ring = np.ones((3, 3), bool)
    ring[1, 1] = False
    assert len(border_lines(ring)) == 12 + 4
    assert border_lines(np.zeros((2, 2), bool)).shape == (0, 2, 2)


@pytest.mark.parametrize("most, length", [(88, 50), (50, 50), (24.9, 20), (1.9, 1), (0.3, 0.2)])
def test_a_scale_bar_has_a_round_length(most: float, length: float) -> None:
    assert round_length(most) == pytest.approx(length, rel=1e-12)


def disc(*, dtype: type = np.int16, second: bool = True) -> tuple[Volume, Mask]:
    """A bright disc on dark ground in the middle slice, a small square beside it."""
    z, y, x = np.indices((5, 40, 60))
    large = ((y - 20) ** 2 + (x - 25) ** 2 < 100) & (abs(z - 2) < 1 + (y < 20))
    small = (abs(y - 30) < 3) & (abs(x - 50) < 3) & (z == 2) & second
    grid = Grid.from_spacing((5, 40, 60), (1.0, 1.5, 3.0))
    image = Volume((100 * large + 50 * small + (x + y) % 7).astype(dtype), grid, name="disc")
    return image, Mask((large + 2 * small).astype(np.uint8), grid, names={1: "disc", 2: "square"})


def test_greys_span_the_slice_and_from_near_by_the_region() -> None:
    view = View.of(*disc())
    low, high = grey_range(view)
    assert low < 2
    assert 100 <= high <= 106
    assert texture_range(view) == pytest.approx((90, 120), abs=15)
    flat = View.of(Volume(np.full((1, 4, 4), 7), spacing=(1, 1, 1)), Mask(np.eye(4)[None], spacing=(1, 1, 1)))
    assert grey_range(flat) == (6, 8)


def test_a_close_up_holds_the_region_and_stays_in_the_slice() -> None:
    view = View.of(*disc())
    rows, columns = close_up(view)
    assert view.crop(rows, columns).regions[0].sum() == view.regions[0].sum()
    assert rows.start >= 0
    assert columns.start >= 0


def has_colour(picture: NDArray[np.float32], colour: str) -> bool:
    return bool((abs(picture[..., :3] - to_rgb(colour)).max(axis=-1) < 0.02).any())


@pytest.mark.parametrize("dtype", [np.int16, np.uint8, np.float32])
def test_the_file_is_a_png_with_every_outline(tmp_path: Path, dtype: type) -> None:
    path = tmp_path / "disc.png"
    slice_picture(*disc(dtype=dtype), path)
    assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    picture = imread(path)
    assert 400 <= picture.shape[0] <= 700
    assert 900 <= picture.shape[1] <= 1400
    assert [has_colour(picture, colour) for colour in COLOURS] == [True, True, False, False, False, False]
    assert [one.name for one in tmp_path.iterdir()] == ["disc.png"]


def test_only_the_chosen_segments_are_drawn(tmp_path: Path) -> None:
    slice_picture(*disc(), tmp_path / "square.png", segments=["square"], title="$chosen_")
    picture = imread(tmp_path / "square.png")
    assert has_colour(picture, COLOURS[0])
    assert not has_colour(picture, COLOURS[1])


def test_the_same_picture_is_the_same_file(tmp_path: Path) -> None:
    slice_picture(*disc(), tmp_path / "a.png")
    slice_picture(*disc(), tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_names_are_text_whatever_signs_they_hold(tmp_path: Path) -> None:
    image, mask = disc()
    names: dict[int | tuple[int, int], str] = {1: "_hidden $x^{", 2: "a" * 200}
    slice_picture(image, Mask(mask.layers[0], mask.grid, names=names), tmp_path / "names.png")


def test_flat_images_tall_images_and_nan_can_be_drawn(tmp_path: Path) -> None:
    tall = np.ones((400, 12), np.float32)
    tall[:, 3] = np.nan
    image = Volume(tall, spacing=(1.0, 1.0))
    mask = Mask(np.pad(np.ones((2, 2), np.uint8), ((10, 388), (2, 8))), spacing=(1.0, 1.0))
    slice_picture(image, mask, tmp_path / "tall.png")
    assert imread(tmp_path / "tall.png").shape[0] > 400
    assert "slice" not in terminal_picture(image, mask).plain


def test_labels_that_are_not_there_and_another_grid_are_refused(tmp_path: Path) -> None:
    image, mask = disc()
    with pytest.raises(InputError, match="label liver is not in the mask"):
        slice_picture(image, mask, tmp_path / "no.png", segments=["liver"])
    with pytest.raises(InputError, match="does not lie on the grid of image"):
        slice_picture(Volume(image.array[1:], spacing=(1, 1, 1)), mask, tmp_path / "no.png")
    with pytest.raises(InputError, match="no segment was chosen to be drawn"):
        slice_picture(image, mask, tmp_path / "no.png", segments=[])
    assert not list(tmp_path.iterdir())


def test_a_mask_on_another_grid_of_the_same_shape_is_refused(tmp_path: Path) -> None:
    image, mask = disc()
    moved = Volume(image.array, spacing=(1.0, 1.5, 3.0), origin=(0.01, 0, 0), name="moved")
    with pytest.raises(InputError, match="the mask does not lie on the grid of moved"):
        slice_picture(moved, mask, tmp_path / "no.png")
    with pytest.raises(InputError, match="the mask does not lie on the grid of moved"):
        terminal_picture(moved, mask)
    slice_picture(moved, mask, tmp_path / "near.png", tolerance=0.1)
    assert [one.name for one in tmp_path.iterdir()] == ["near.png"]


def test_a_picture_that_cannot_be_written_says_why(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"a\.png: cannot be written: No such file or directory$"):
        slice_picture(*disc(), tmp_path / "gone" / "a.png")


def test_the_terminal_picture_has_the_width_the_proportions_and_the_colours() -> None:
    text = terminal_picture(*disc(), width=30)
    *lines, caption = text.plain.split("\n")
    assert {len(line) for line in lines} == {30}
    assert len(lines) == 15  # 60 mm across, 60 mm down, two pixels in a character
    assert caption == "disc, slice 3 of 5  ■ disc  ■ square"
    colours = {str(span.style) for span in text.spans}
    for colour in COLOURS[:2]:
        assert any(colour.lower() in one for one in colours)
    assert not any(COLOURS[2].lower() in one for one in colours)
