"""Structure sets read equal the masks that their contours were drawn around."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydicom.dataset import Dataset

import naive_polygons
import voxmill as vm
from dicom_files import AXIAL, CORONAL, SAGITTAL, Axes
from dicom_masks import (
    OBLIQUE,
    Drawn,
    Series,
    outline,
    pixel_outlines,
    save_structures,
    segments,
    structure_set,
    write_scan,
    write_structure_set,
)
from outside_tools import errors_in, program, run
from voxmill.io.dicom.contours import Contour, DrawnRegion
from voxmill.io.dicom.filling import filled
from voxmill.segments import Undrawn
from voxmill_kernels.mask.polygon import PARTS
from voxmill_kernels.types import Bools

SQUARE = [(3.5, 4.5), (3.5, 12.5), (9.5, 12.5), (9.5, 4.5)]
INNER = [(5.5, 6.5), (5.5, 8.5), (7.5, 8.5), (7.5, 6.5)]


def drawn(mask: vm.Mask, name: str) -> NDArray[np.bool_]:
    """The voxels of a segment."""
    (one,) = mask.select([name])
    inside: NDArray[np.bool_] = mask.layers[one.layer] == one.label
    return inside


def box(*slices: int, hole: bool = False) -> NDArray[np.bool_]:
    """The voxels of SQUARE in some slices, without those of INNER."""
    inside = np.zeros((5, 33, 34), dtype=np.bool_)
    for at in slices:
        inside[at, 4:10, 5:13] = True
        inside[at, 6:8, 7:9] = not hole
    return inside


@pytest.fixture
def series(tmp_path: Path) -> Series:
    """An axial series."""
    return write_scan(tmp_path / "scan")


@pytest.fixture
def read(tmp_path: Path, series: Series) -> Callable[..., vm.Mask]:
    """Write regions, or contours of one called `a`, and read them."""

    def written(*regions: Drawn, contours: Sequence[Any] = (), kinds: Sequence[str] = ()) -> vm.Mask:
        given = regions or (Drawn(1, "a", contours, kinds),)
        return vm.read_mask(write_structure_set(tmp_path / "rs.dcm", series, given), series.image)

    return written


@pytest.mark.parametrize("axes", [AXIAL, CORONAL, SAGITTAL, OBLIQUE])
def test_overlapping_regions_with_holes(tmp_path: Path, axes: Axes) -> None:
    series = write_scan(tmp_path / "scan", axes=axes)
    regions = [
        Drawn(number, name, pixel_outlines(series.grid, inside))
        for number, name, inside in zip((4, 2, 9), ("organ", "lesion", "GTV ä"), segments(), strict=True)
    ]
    mask = vm.read_mask(write_structure_set(tmp_path / "rs.dcm", series, regions), series.image)
    for region, inside in zip(regions, segments(), strict=True):
        np.testing.assert_array_equal(drawn(mask, region.name), inside)
    assert {one.name: (one.label, one.layer) for one in mask.segments} == {
        "organ": (4, 0),
        "lesion": (2, 1),
        "GTV ä": (9, 0),
    }
    assert (mask.grid, mask.name, mask.notes) == (series.grid, "rs", ())


@pytest.mark.parametrize("kind", ["CLOSED_PLANAR", "CLOSEDPLANAR_XOR"])
def test_a_hole_as_a_contour_of_its_own(series: Series, read: Callable[..., vm.Mask], kind: str) -> None:
    contours = [outline(series.grid, 2, SQUARE), outline(series.grid, 2, INNER)]
    np.testing.assert_array_equal(drawn(read(contours=contours, kinds=[kind, kind]), "a"), box(2, hole=True))


@pytest.mark.parametrize("axes", [AXIAL, OBLIQUE])
def test_a_hole_as_a_keyhole(tmp_path: Path, axes: Axes) -> None:
    """The channel, there and back through the centres of voxels, leaves no trace."""
    series = write_scan(tmp_path / "scan", axes=axes)
    keyhole = [*SQUARE, SQUARE[0], (5.0, 6.5), *INNER[1:], INNER[0], (5.0, 6.5)]
    region = Drawn(1, "a", [outline(series.grid, 2, keyhole)])
    mask = vm.read_mask(write_structure_set(tmp_path / "rs.dcm", series, [region]), series.image)
    np.testing.assert_array_equal(drawn(mask, "a"), box(2, hole=True))


def test_a_contour_that_is_there_twice(series: Series, read: Callable[..., vm.Mask]) -> None:
    mask = read(contours=[outline(series.grid, 2, SQUARE), outline(series.grid, 2, SQUARE)])
    np.testing.assert_array_equal(drawn(mask, "a"), box(2))
    assert mask.notes == ("a: contours that are there twice were left out: 1",)


def test_a_contour_through_centres_belongs_to_the_right_and_below(series: Series, read: Callable[..., vm.Mask]) -> None:
    corners = [(4, 5), (4, 13), (10, 13), (10, 5)]
    np.testing.assert_array_equal(drawn(read(contours=[outline(series.grid, 2, corners)]), "a"), box(2))


@given(data=st.data())
def test_any_contours_are_those_of_the_definition(data: st.DataObject) -> None:
    """On a grid of whole millimetres no corner is rounded; of contours that are there twice one would be left out."""
    grid = vm.Grid.from_spacing((1, 9, 11), (1, 1, 2))
    corner = st.tuples(*[st.integers(-8, 48).map(lambda at: at / 4)] * 2)
    polygons = data.draw(st.lists(st.lists(corner, min_size=3, max_size=7), min_size=1, max_size=3, unique_by=tuple))
    contours = tuple(Contour(outline(grid, 0, one), "CLOSED_PLANAR") for one in polygons)
    found = np.zeros((1, 9, 11), dtype=np.bool_)
    for patch in filled(DrawnRegion(1, "a", contours), grid, label="rs").patches:
        patch.of(found)[patch.inside] = True
    parts = [(np.array(one) * PARTS).astype(np.int64) for one in polygons]
    np.testing.assert_array_equal(found[0], naive_polygons.even_odd(parts, (9, 11)))


def test_regions_smaller_than_a_voxel(series: Series, read: Callable[..., vm.Mask]) -> None:
    between = [(3.2, 4.2), (3.2, 4.4), (3.4, 4.4)]
    around = [(2.9, 3.9), (2.9, 4.1), (3.1, 4.1), (3.1, 3.9)]
    mask = read(
        Drawn(1, "between", [outline(series.grid, 1, between)]), Drawn(2, "around", [outline(series.grid, 1, around)])
    )
    assert np.argwhere(drawn(mask, "around")).tolist() == [[1, 3, 4]]
    assert mask.notes == ("regions without a voxel were left out: between",)


def test_a_tilted_gantry(tmp_path: Path) -> None:
    series = write_scan(tmp_path / "scan", aside=0.8)
    region = Drawn(1, "a", pixel_outlines(series.grid, box(1, 2, 4, hole=True)))
    mask = vm.read_mask(write_structure_set(tmp_path / "rs.dcm", series, [region]), series.image)
    np.testing.assert_array_equal(drawn(mask, "a"), box(1, 2, 4, hole=True))


@pytest.mark.parametrize("height,slice_", [(2.0, 2), (2.49, 2), (2.5, 3), (2.51, 3), (1.6, 2), (1.5, 2)])
def test_contours_between_slices(series: Series, read: Callable[..., vm.Mask], height: float, slice_: int) -> None:
    mask = read(contours=[outline(series.grid, height, SQUARE)])
    np.testing.assert_array_equal(drawn(mask, "a"), box(slice_))
    off = abs(height - slice_) * 3
    said = f"a: its contours lie up to {off:.2f} mm off the slices of the image: filled in the nearest slice"
    assert mask.notes == ((said,) if off else ())


def test_contours_of_finer_slices(series: Series, read: Callable[..., vm.Mask]) -> None:
    """Of three planes that are nearest to one slice, one is filled, and not all of them over each other."""
    contours = [outline(series.grid, height / 3, SQUARE) for height in range(3, 9)]
    mask = read(contours=contours)
    np.testing.assert_array_equal(drawn(mask, "a"), box(1, 2, 3))
    assert "a: contours that lie farther from their slice than others were left out: 3" in mask.notes


def test_contours_of_coarser_slices(series: Series, read: Callable[..., vm.Mask]) -> None:
    mask = read(contours=[outline(series.grid, at, SQUARE) for at in (0, 2, 4)])
    np.testing.assert_array_equal(drawn(mask, "a"), box(0, 2, 4))
    assert mask.notes == ("a: slices between its contours that have none were left empty: 2",)


def test_points_and_open_lines(series: Series, read: Callable[..., vm.Mask]) -> None:
    square = outline(series.grid, 2, SQUARE)
    contours = [square, square[:1], square, square, square[:2]]
    mask = read(contours=contours, kinds=["CLOSED_PLANAR", "POINT", "OPEN_PLANAR", "OPEN_NONPLANAR", "CLOSED_PLANAR"])
    np.testing.assert_array_equal(drawn(mask, "a"), box(2))
    assert mask.notes == ("a: contours that enclose nothing (points, open lines) were left out: 4",)


def test_empty_regions(series: Series, read: Callable[..., vm.Mask]) -> None:
    mask = read(Drawn(1, "a", [outline(series.grid, 2, SQUARE)]), Drawn(2, "b", []), Drawn(3, "", []))
    assert [one.name for one in mask.segments] == ["a"]
    assert mask.notes == ("regions without a voxel were left out: b, 3",)
    assert mask.undrawn == (Undrawn(2, "b"), Undrawn(3, None))


def test_contours_not_parallel_to_the_slices(series: Series, read: Callable[..., vm.Mask]) -> None:
    tilted = series.grid.points([(1, 3, 4), (1, 3, 12), (3, 9, 12)])
    mask = read(Drawn(1, "a", [outline(series.grid, 2, SQUARE)]), Drawn(2, "b", [tilted]))
    assert mask.notes == (
        "b: contours that are not parallel to the slices of the image were left out: 1",
        "regions without a voxel were left out: b",
    )


def test_contours_that_reach_out(series: Series, read: Callable[..., vm.Mask]) -> None:
    reaching = [(-9, -9), (-9, 4.5), (3.5, 4.5), (3.5, -9)]
    mask = read(contours=[outline(series.grid, at, reaching) for at in (3, 4, 5, 6)])
    expected = np.zeros((5, 33, 34), dtype=np.bool_)
    expected[3:, :4, :5] = True
    np.testing.assert_array_equal(drawn(mask, "a"), expected)
    assert mask.notes == (
        "a: contours that lie above or below the image were left out: 2",
        "a: its contours reach out of the image: cut off at its border",
    )


@pytest.mark.parametrize("height,corners", [(40, SQUARE), (2, [(90, 4), (90, 9), (99, 9)])])
def test_all_outside_is_refused(
    series: Series, read: Callable[..., vm.Mask], height: float, corners: list[tuple[float, float]]
) -> None:
    with pytest.raises(vm.InputError, match=r"^rs: all of its contours lie outside of scan, whose grid is size 34 x"):
        read(contours=[outline(series.grid, height, corners)])


def test_an_absurd_place_is_refused(series: Series, read: Callable[..., vm.Mask]) -> None:
    with pytest.raises(vm.InputError, match=r"rs\.dcm, region a: a contour lies 16384 voxels from the image, or more"):
        read(contours=[outline(series.grid, 2, [(0, 0), (0, 2e5), (5, 0)])])


def test_nothing_drawn_is_refused(series: Series, read: Callable[..., vm.Mask]) -> None:
    with pytest.raises(vm.InputError, match=r"nothing is segmented: no voxel's centre lies in a contour$"):
        read(Drawn(1, "a", []))
    point = outline(series.grid, 2, SQUARE[:1])
    with pytest.raises(vm.InputError, match=r"lies in a contour \(a: contours that enclose nothing"):
        read(contours=[point], kinds=["POINT"])


def test_names_alike_and_numbers_that_are_no_labels(series: Series, read: Callable[..., vm.Mask]) -> None:
    contours = [outline(series.grid, 2, SQUARE)]
    mask = read(Drawn(0, "GTV", contours), Drawn(70_000, "GTV", contours))
    assert [(one.label, one.name) for one in mask.segments] == [(1, "GTV (1)"), (2, "GTV (2)")]
    assert mask.notes == ("numbers of regions are no labels (1 to 65535): regions were counted from 1, in their order",)


def test_it_needs_an_image(tmp_path: Path, series: Series) -> None:
    path = write_structure_set(tmp_path / "1.2.3", series, [Drawn(1, "a", [outline(series.grid, 2, SQUARE)])])
    with pytest.raises(vm.InputError, match=r"^1\.2\.3: a structure set has contours and no voxels; give the image"):
        vm.read_mask(path)
    assert [row.region for row in vm.extract(series.image, path).rows] == ["a"]


def test_dciodvfy_finds_no_error(tmp_path: Path, series: Series) -> None:
    region = Drawn(1, "a", [outline(series.grid, 2, SQUARE)])
    assert errors_in(write_structure_set(tmp_path / "a.dcm", series, [region])) == []


def without_regions(dataset: Dataset) -> None:
    del dataset.StructureSetROISequence


def cut(dataset: Dataset) -> None:
    contour = dataset.ROIContourSequence[0].ContourSequence[0]
    contour.ContourData = list(contour.ContourData)[:-1]


def words(dataset: Dataset) -> None:
    contour = dataset.ROIContourSequence[0].ContourSequence[0]
    del contour.ContourData
    contour.add_new(0x30060050, "LT", "1\\two\\3")


def infinite(dataset: Dataset) -> None:
    dataset.ROIContourSequence[0].ContourSequence[0].ContourData[3] = "1e308"


def without_number(dataset: Dataset) -> None:
    del dataset.ROIContourSequence[0].ReferencedROINumber


def numbered_alike(dataset: Dataset) -> None:
    dataset.StructureSetROISequence.append(dataset.StructureSetROISequence[0])


@pytest.mark.parametrize(
    "damage,said",
    [
        (without_regions, r"a.dcm: no region is drawn: StructureSetROISequence \(3006,0020\) is missing or empty"),
        (cut, r"a.dcm, region 1: ContourData \(3006,0050\) must be numbers x, y, z in mm for every point"),
        (infinite, r"a.dcm, region 1: ContourData \(3006,0050\) must be numbers"),
        (words, r"a.dcm, region 1: ContourData \(3006,0050\) must be numbers"),
        (without_number, r"a.dcm: ReferencedROINumber \(3006,0084\) is missing or no whole number"),
        (numbered_alike, r"a.dcm: two regions have one number \(ROINumber \(3006,0022\)\)"),
    ],
)
def test_bad_files_are_refused(tmp_path: Path, series: Series, damage: Callable[[Dataset], None], said: str) -> None:
    dataset = structure_set(series, [Drawn(1, "a", [outline(series.grid, 2, SQUARE)])])
    damage(dataset)
    with pytest.raises(vm.InputError, match=said):
        vm.read_mask(save_structures(tmp_path / "a.dcm", dataset), series.image)


def circles(grid: vm.Grid) -> list[NDArray[np.float64]]:
    """An ellipsoid as smooth contours."""
    turn = np.linspace(0, 2 * np.pi, 120, endpoint=False)
    drawn = []
    for slice_ in range(2, 11):
        radius = 26 * np.sqrt(1 - ((slice_ - 6) / 5) ** 2)
        corners = np.stack([33.3 + radius * np.sin(turn), 31.8 + 0.8 * radius * np.cos(turn)], axis=1)
        drawn.append(outline(grid, slice_, corners.tolist()))
    return drawn


def filled_by_plastimatch(folder: Path, series: Series, regions: Sequence[Drawn]) -> tuple[vm.Mask, list[Bools]]:
    """What we read of a structure set, and what plastimatch makes of each of its regions."""
    converter = program("plastimatch")
    path = write_structure_set(folder / "rs.dcm", series, regions)
    out = ("--output-prefix", folder / "out", "--prefix-format", "nrrd")
    run(converter, "convert", "--input", path, "--referenced-ct", folder / "scan", *out)
    images = [sitk.ReadImage(str(folder / "out" / f"{one.name}.nrrd")) for one in regions]
    return vm.read_mask(path, series.image), [sitk.GetArrayFromImage(image) > 0 for image in images]


def test_plastimatch_fills_alike(tmp_path: Path) -> None:
    """Dice of 0.99 at least (1 in fact) on round shapes, keyholes, and contours between slices, halfway too."""
    series = write_scan(tmp_path / "scan", (13, 66, 67))
    keyhole = [*SQUARE, SQUARE[0], *INNER, INNER[0]]
    regions = [
        Drawn(1, "round", circles(series.grid)),
        Drawn(2, "keyhole", [outline(series.grid, at, keyhole) for at in (3, 4, 5)]),
        Drawn(3, "between", [outline(series.grid, at + 0.4, SQUARE) for at in (3, 4, 5)]),
        Drawn(4, "halfway", [outline(series.grid, at + 0.5, SQUARE) for at in (3, 4, 5)]),
        Drawn(5, "gaps", [outline(series.grid, at, SQUARE) for at in (3, 6)]),
    ]
    mask, found = filled_by_plastimatch(tmp_path, series, regions)
    for region, theirs in zip(regions, found, strict=True):
        ours = drawn(mask, region.name)
        assert 2 * (ours & theirs).sum() / (ours.sum() + theirs.sum()) >= 0.99, region.name


def test_plastimatch_fills_holes_that_are_drawn_apart(tmp_path: Path) -> None:
    """The one difference: it joins the contours of a slice, where the even-odd rule leaves the hole."""
    series = write_scan(tmp_path / "scan")
    region = Drawn(1, "a", [outline(series.grid, 2, corners) for corners in (SQUARE, INNER)])
    mask, (theirs,) = filled_by_plastimatch(tmp_path, series, [region])
    np.testing.assert_array_equal(theirs, box(2))
    np.testing.assert_array_equal(drawn(mask, "a"), box(2, hole=True))
