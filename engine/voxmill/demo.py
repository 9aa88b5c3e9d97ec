"""A small synthetic chest CT cohort, so that everything can be tried without a patient's data.

Whole numbers all the way (µm, HU, noise from a frozen generator): the same voxels on every machine.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voxmill.grid import IDENTITY, Grid, Index, Point
from voxmill.io import write_image, write_mask
from voxmill.volume import Mask, Volume

Field = NDArray[np.int64]
Where = NDArray[np.bool_]
Triple = tuple[int, int, int]

SURFACE = 1 << 20
"""The squared distance at which an ellipsoid ends: 1024 steps along each radius."""

OUTLINED = SURFACE * 7 // 8
"""Where the outline of a tumour runs: a little inside, so that blurred edges stay out, as readers draw them."""

TUMOUR, NODE = 1, 2
NAMES: dict[int | tuple[int, int], str] = {TUMOUR: "tumour", NODE: "lymph node"}
AIR, LUNG, FAT, FLUID, MUSCLE, BONE, MARROW, BLOOD = -1000, -840, -100, 10, 55, 620, 220, 150
"""HU after contrast medium, but for the noise."""

RIBS, CAVITY, PLEURA = ((0, 0), (84, 128)), ((0, 0), (77, 121)), ((0, 0), (75, 119))
"""Outside and inside of the ribs, and what the lungs fill: centre and radii in mm, y, x."""


@dataclass(frozen=True)
class DemoCase:
    """An image and its mask, as files."""

    name: str
    image: Path
    mask: Path


@dataclass(frozen=True)
class Patient:
    """What differs from case to case: anatomy is placed in mm from the middle of the image, as z, y, x.

    flipped: stored from the patient's left to right and back to front, as NIfTI files often are. lobes: centre and
    radii of the balls that make the tumour; ragged: how irregular its surface is, in percent; grain: how coarse its
    texture is, in voxels; necrosis: radius of its dead core, 0 for none.
    """

    name: str
    suffix: str
    seed: int
    shape: Index
    spacing_um: Triple
    lobes: tuple[tuple[Triple, Triple], ...]
    ragged: int
    grain: int
    necrosis: int
    node: tuple[Triple, Triple]
    flipped: bool = False
    direction: tuple[Point, Point, Point] = IDENTITY


OBLIQUE: tuple[Point, Point, Point] = (
    (84 / 85, -13 / 85 * 40 / 41, 13 / 85 * 9 / 41),
    (13 / 85, 84 / 85 * 40 / 41, -84 / 85 * 9 / 41),
    (0.0, 9 / 41, 40 / 41),
)
"""A patient who lies askew under a tilted gantry: turned by 8.8 degrees about z and 12.7 about x."""

PATIENTS = (
    Patient(
        name="chest-1",
        suffix=".nrrd",
        seed=101,
        shape=(40, 128, 176),
        spacing_um=(3000, 2000, 2000),
        lobes=(((6, -22, -82), (17, 19, 20)), ((12, -8, -92), (14, 14, 15)), ((-4, -34, -74), (12, 13, 13))),
        ragged=55,
        grain=3,
        necrosis=9,
        node=((4, -5, -6), (12, 6, 10)),
    ),
    Patient(
        name="chest-2",
        suffix=".nii.gz",
        seed=202,
        shape=(44, 144, 192),
        spacing_um=(2500, 1750, 1750),
        lobes=(((-8, 34, 88), (20, 17, 18)), ((-14, 44, 76), (14, 14, 14))),
        ragged=80,
        grain=2,
        necrosis=0,
        node=((-8, 22, -2), (10, 7, 9)),
        flipped=True,
    ),
    Patient(
        name="chest-3",
        suffix=".nrrd",
        seed=303,
        shape=(32, 112, 160),
        spacing_um=(4000, 2250, 2250),
        lobes=(((20, 20, -100), (22, 22, 20)), ((10, 34, -86), (18, 16, 16)), ((28, 6, -92), (15, 15, 15))),
        ragged=40,
        grain=4,
        necrosis=13,
        node=((22, 2, -18), (13, 9, 6)),
        direction=OBLIQUE,
    ),
)


def make_cohort(folder: Path) -> tuple[DemoCase, ...]:
    """Write the images and masks of all patients into a folder that is there."""
    return tuple(_write_case(patient, folder) for patient in PATIENTS)


def case_of(patient: Patient, folder: Path) -> DemoCase:
    """Where a patient's files are."""
    return DemoCase(patient.name, folder / f"{patient.name}{patient.suffix}", folder / f"{patient.name}.seg.nrrd")


def _write_case(patient: Patient, folder: Path) -> DemoCase:
    case = case_of(patient, folder)
    image, mask = make_patient(patient)
    write_image(image, case.image)
    write_mask(mask, case.mask)
    return case


def make_patient(patient: Patient) -> tuple[Volume, Mask]:
    """The CT of a patient, int16 HU, and the mask of tumour and lymph node."""
    random = np.random.RandomState(patient.seed)  # its stream of numbers is frozen for good
    space = Space.of(patient)
    tumour, node = _tumour(space, patient, random), space.ellipsoid(*patient.node)
    hu = _chest(space, random)
    _paint(hu, node <= SURFACE, 45 + _texture(random, space.shape, (1, 2, 2)) // 5)
    _paint_tumour(hu, tumour, space, patient, random)
    scan = _scan(hu, random)
    labels = np.where(tumour <= OUTLINED, TUMOUR, np.where(node <= SURFACE, NODE, 0)).astype(np.uint8)
    grid, stored = _grid(patient), slice(None, None, -1 if patient.flipped else 1)
    image = Volume(scan[:, stored, stored], grid, name=patient.name)
    return image, Mask(labels[:, stored, stored], grid, names=NAMES, name=patient.name)


def _grid(patient: Patient) -> Grid:
    """The grid whose middle lies at (0, 0, 0)."""
    spacing = tuple(step / 1000 for step in patient.spacing_um[::-1])
    sides = np.diag((-1.0, -1.0, 1.0) if patient.flipped else (1.0, 1.0, 1.0))
    direction = np.asarray(patient.direction) @ sides
    half = [step * (size - 1) / 2 for step, size in zip(spacing, patient.shape[::-1], strict=True)]
    return Grid.from_spacing(patient.shape, spacing, origin=(-(direction @ half)).tolist(), direction=direction)


@dataclass(frozen=True)
class Space:
    """Where voxels lie in the patient, in µm from the middle: z to the head, y to the back, x to the left.

    Each is an array along its own axis; together they broadcast to the image.
    """

    z: Field
    y: Field
    x: Field

    @classmethod
    def of(cls, patient: Patient) -> "Space":
        """The space of a patient's image."""
        z, y, x = (
            (2 * np.arange(size, dtype=np.int64) - (size - 1)) * step // 2
            for size, step in zip(patient.shape, patient.spacing_um, strict=True)
        )
        return cls(z[:, None, None], y[None, :, None], x[None, None, :])

    @property
    def shape(self) -> Index:
        """The shape of the image."""
        return (self.z.size, self.y.size, self.x.size)

    def column(self, centre: tuple[Any, Any], radii: tuple[int, int]) -> Field:
        """Squared distance from an axis along z, SURFACE at its radii; centre and radii in mm, y, x."""
        (y, x), (ry, rx) = centre, radii
        return _squared(self.y - 1000 * y, ry) + _squared(self.x - 1000 * x, rx)

    def ellipsoid(self, centre: Triple, radii: Triple) -> Field:
        """Squared distance from a point, SURFACE at its radii; centre and radii in mm, z, y, x."""
        return self.column(centre[1:], radii[1:]) + _squared(self.z - 1000 * centre[0], radii[0])

    def rounded_box(self, centre: tuple[Any, Any], radii: tuple[int, int]) -> Field:
        """As column, but fuller: between an ellipse and its rectangle."""
        (y, x), (ry, rx) = centre, radii
        down, across = _squared(self.y - 1000 * y, ry), _squared(self.x - 1000 * x, rx)
        return down + across - (down * across >> 22)


def _squared(distance_um: Field, radius_mm: int) -> Field:
    return (distance_um * 1024 // (1000 * radius_mm)) ** 2


def _paint(hu: Field, where: Where, value: int | Field) -> None:
    np.copyto(hu, value, where=where)


def _chest(space: Space, random: np.random.RandomState) -> Field:
    """Body, bones, lungs and mediastinum in HU, with sharp edges."""
    hu = np.full(space.shape, AIR, dtype=np.int64)
    coarse = _texture(random, space.shape, (3, 5, 5))
    _paint_body(hu, space, coarse)
    _paint_lungs(hu, space, coarse, _texture(random, space.shape, (2, 2, 2)))
    _paint_heart(hu, space, coarse)
    _paint_airways(hu, space)
    _paint_spine(hu, space)
    return hu


def _paint_body(hu: Field, space: Space, coarse: Field) -> None:
    """Table, skin, fat, muscle with streaks of fat, ribs and breastbone."""
    table = space.column((-420, 0), (536, 700))
    _paint(hu, (table > SURFACE) & (table <= SURFACE + 20_000) & (abs(space.x) < 150_000), -350)
    _paint(hu, space.rounded_box((0, 0), (107, 155)) <= SURFACE, 25)
    _paint(hu, space.rounded_box((0, 0), (104, 152)) <= SURFACE, FAT + coarse // 16)
    wall = space.rounded_box((2, 0), (93, 138))
    _paint(hu, wall <= SURFACE, np.where(abs(wall - 920_000) + 700 * abs(coarse) < 40_000, FAT, MUSCLE))
    outer, inner = space.rounded_box(*RIBS), space.rounded_box(*CAVITY)
    slope = (space.y * 5 // 8 + space.z + abs(space.x) // 5) % 30_000
    _paint(hu, (outer <= SURFACE) & (inner > SURFACE) & (slope < 11_000), BONE)
    _paint(hu, space.column((-84, 0), (5, 20)) <= SURFACE, MARROW + 100)
    _paint(hu, inner <= SURFACE, FAT + 15 + coarse // 8)


def _paint_lungs(hu: Field, space: Space, coarse: Field, fine: Field) -> None:
    """Two lungs, denser to the back, with vessels that thin out towards the ribs."""
    chest = space.rounded_box(*PLEURA)
    middle = np.minimum(space.column((-22, 12), (62, 44)), space.column((50, 0), (40, 26)))
    lungs = (chest <= SURFACE) & (middle > SURFACE)
    _paint(hu, lungs, LUNG + space.y // 1500 + fine // 4 + coarse // 6)
    vessels = lungs & (fine + coarse // 2 > 62 + (chest >> 14))
    _paint(hu, vessels, 30 + fine // 2)


def _paint_heart(hu: Field, space: Space, coarse: Field) -> None:
    """Heart below, great vessels above, gullet behind."""
    heart = space.ellipsoid((-48, -26, 18), (62, 38, 46))
    _paint(hu, heart <= SURFACE, 95)
    _paint(hu, space.ellipsoid((-50, -30, 2), (48, 24, 20)) <= SURFACE, BLOOD)
    _paint(hu, space.ellipsoid((-48, -20, 38), (46, 22, 17)) <= SURFACE, BLOOD + 10)
    above = space.z > -6_000
    _paint(hu, (space.column((-28, -14), (16, 16)) <= SURFACE) & above, BLOOD + 20)
    _paint(hu, (space.column((-30, 20), (13, 15)) <= SURFACE) & above, BLOOD)
    _paint(hu, (space.column((-12, -36), (9, 8)) <= SURFACE) & above, BLOOD + 40)
    _paint(hu, space.column((40, 24), (12, 12)) <= SURFACE, BLOOD + 25 + coarse // 16)
    _paint(hu, space.column((30, 6), (6, 8)) <= SURFACE, 40)
    for side in (-1, 1):
        _paint(hu, space.ellipsoid((4, -2, side * 44 + 8), (8, 7, 22)) <= SURFACE, BLOOD - 10)
        _paint(hu, space.ellipsoid((-14, 12, side * 52 + 8), (7, 16, 8)) <= SURFACE, BLOOD - 10)


def _paint_airways(hu: Field, space: Space) -> None:
    """The windpipe, and the bronchi into which it divides on the way down."""
    fork = np.maximum(0, 24_000 - space.z) // 1000
    for side in (-1, 1):
        tube = space.column((10 + fork // 6, side * np.minimum(fork, 60)), (8, 9))
        open_here = (space.z > -14_000) & (space.z < 60_000)
        _paint(hu, (tube <= SURFACE + 500_000) & open_here, 30)
        _paint(hu, (tube <= SURFACE) & open_here, AIR + 15)


def _paint_spine(hu: Field, space: Space) -> None:
    """Vertebrae and discs, the arch around the spinal canal, the spinous process, the heads of two ribs."""
    body = space.column((54, 0), (15, 19))
    disc = (space.z + 9_000) % 27_000 < 5_000
    _paint(hu, body <= SURFACE, np.where(disc, 85, BONE - 100))
    _paint(hu, (body <= 700_000) & ~disc, MARROW)
    for side in (-1, 1):
        _paint(hu, (space.column((74, side * 26), (6, 22)) <= SURFACE) & ~disc, BONE - 200)
    _paint(hu, space.column((74, 0), (12, 14)) <= SURFACE, BONE - 120)
    _paint(hu, space.column((74, 0), (8, 9)) <= SURFACE, 20)
    _paint(hu, (space.column((91, 0), (12, 4)) <= SURFACE) & ~disc, BONE - 150)


def _tumour(space: Space, patient: Patient, random: np.random.RandomState) -> Field:
    """Squared distance from the union of the lobes, SURFACE on its irregular surface; never beyond the pleura."""
    bumps = _texture(random, space.shape, (2, 4, 4)) * patient.ragged * (SURFACE >> 13)
    nearest = np.minimum.reduce([space.ellipsoid(*lobe) for lobe in patient.lobes])
    return np.where(space.rounded_box(*PLEURA) <= SURFACE, nearest + bumps, 2 * SURFACE)


def _paint_tumour(hu: Field, tumour: Field, space: Space, patient: Patient, random: np.random.RandomState) -> None:
    """Soft tissue of uneven density, with a core of dead tissue in some."""
    grain = patient.grain
    uneven = _texture(random, space.shape, (max(1, grain // 2), grain, grain))
    _paint(hu, tumour <= SURFACE, 48 + uneven // 2)
    if patient.necrosis:
        core = space.ellipsoid(patient.lobes[0][0], (patient.necrosis,) * 3) + uneven * 4000
        _paint(hu, (tumour <= SURFACE) & (core <= SURFACE), FLUID + uneven // 6)


def _scan(hu: Field, random: np.random.RandomState) -> NDArray[np.int16]:
    """What the scanner makes of it: edges blurred within the slice, and noise."""
    noise = _blur(_texture(random, hu.shape, (1, 1, 1)))
    scan: NDArray[np.int16] = np.clip(_blur(hu) + noise // 2, -1024, 3071).astype(np.int16)
    return scan


def _blur(values: Field) -> Field:
    """Weights 1 4 1 along y and x, rounded down."""
    for axis in (1, 2):
        last = values.shape[axis] - 1
        before = np.take(values, np.maximum(np.arange(last + 1) - 1, 0), axis)
        after = np.take(values, np.minimum(np.arange(last + 1) + 1, last), axis)
        values = (before + 4 * values + after) // 6
    return values


def _texture(random: np.random.RandomState, shape: tuple[int, ...], grain: Triple) -> Field:
    """Smooth noise from -128 to 127: random numbers every `grain` voxels, straight lines between them."""
    cells = [size // step + 2 for size, step in zip(shape, grain, strict=True)]
    values: Field = random.randint(-128, 128, size=cells, dtype=np.int8).astype(np.int64)
    for axis, (size, step) in enumerate(zip(shape, grain, strict=True)):
        cell, within = np.divmod(np.arange(size), step)
        weight = within.reshape([-1 if axis == one else 1 for one in range(3)])
        low, high = np.take(values, cell, axis), np.take(values, cell + 1, axis)
        values = (low * (step - weight) + high * weight) // step
    return values
