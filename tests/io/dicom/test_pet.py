"""PET: a slope for every slice, and the factor of standardised uptake values by body weight, worked out by hand."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

import voxmill as vm
from dicom_files import stored, write_pet, write_series
from voxmill.suv import Suv

Attributes = dict[str, object]
WEIGHT, DOSE, HALF_LIFE = 70_000.0, 370e6, 6586.2
LONG = 78.4 * 3600


def factor(seconds: float, *, half_life: float = HALF_LIFE) -> float:
    return WEIGHT / (DOSE * float(0.5 ** (seconds / half_life)))


def suv_of(folder: Path, attributes: Mapping[str, object] | None = None, isotope: Attributes | None = None) -> Suv:
    write_pet(folder, attributes, isotope)
    suv = vm.read_image(folder).suv
    assert suv is not None
    return suv


def test_every_slice_has_its_own_slope(tmp_path: Path) -> None:
    write_pet(tmp_path)
    image = vm.read_image(tmp_path)
    slopes = 1.5 + 0.25 * np.arange(5)
    assert image.dtype == np.float32
    assert np.array_equal(image.array, (stored() * slopes[:, None, None]).astype(np.float32))
    assert image.suv is not None
    assert (image.suv.slopes, image.suv.intercepts) == (tuple(slopes), (0.0,))


def test_the_dose_decays_until_the_start_of_the_series(tmp_path: Path) -> None:
    suv = suv_of(tmp_path)
    assert suv.factor == pytest.approx(factor(3600), rel=1e-12)
    assert suv.how == "body weight over the dose left after 60.0 min, from injection to the start of the series"
    assert suv.notes == ()


@pytest.mark.parametrize("written, seconds", [("20260102080000+0000", 0), ("20260102080000+0100", 3600)])
def test_an_injection_in_another_time_zone(tmp_path: Path, written: str, seconds: int) -> None:
    """The scan is at 9:00 by a clock one hour ahead of Greenwich where the zone is said, else by the same clock."""
    isotope = {"RadiopharmaceuticalStartDateTime": written}
    suv = suv_of(tmp_path / "zoned", {"TimezoneOffsetFromUTC": "+0100"}, dict(isotope))
    assert suv.factor == pytest.approx(factor(seconds), rel=1e-12)
    assert suv_of(tmp_path / "plain", {}, dict(isotope)).factor == pytest.approx(factor(3600), rel=1e-12)


def test_of_a_reconstruction_until_the_start_of_the_scan(tmp_path: Path) -> None:
    """The series is later than its images: the first frame's reference time says when the scan began."""
    attributes = {"SeriesTime": "120000", "AcquisitionTime": "090500"}
    suv = suv_of(tmp_path, attributes)
    decay = np.log(2) / HALF_LIFE
    mean = np.log(decay * 120 / (1 - np.exp(-decay * 120))) / decay  # of the count rate within two minutes
    assert suv.factor == pytest.approx(factor(3600 + 300 + mean - 60), rel=1e-9)


def test_ges_start_of_the_scan_goes_before_that(tmp_path: Path) -> None:
    def add(_at: int, dataset: Dataset) -> None:
        block = dataset.private_block(0x0009, "GEMS_PETD_01", create=True)
        block.add_new(0x0D, "DT", "20260102091500")

    write_pet(tmp_path, {"SeriesTime": "120000"}, change=add)
    suv = vm.read_image(tmp_path).suv
    assert suv is not None
    assert suv.factor == pytest.approx(factor(4500), rel=1e-12)


def test_corrected_to_the_injection_is_not_decayed_again(tmp_path: Path) -> None:
    assert suv_of(tmp_path, {"DecayCorrection": "ADMIN"}).factor == pytest.approx(WEIGHT / DOSE, rel=1e-12)


@pytest.mark.parametrize("kind", [None, "BW"])
def test_values_that_are_suv_already(tmp_path: Path, kind: str | None) -> None:
    assert suv_of(tmp_path, {"Units": "GML", "SUVType": kind}).factor == 1


@pytest.mark.parametrize(
    "attributes, isotope, said",
    [
        ({"Units": "GML", "SUVType": "BSA"}, {}, "SUVType (0054,1006) is BSA"),
        ({"Units": "PROPCPS"}, {}, "Units (0054,1001) is PROPCPS"),
        ({"Units": "CNTS"}, {}, "Philips' factors (7053,1000) and (7053,1009) are missing or 0"),
        ({"DecayCorrection": "NONE"}, {}, "DecayCorrection (0054,1102) is NONE"),
        ({"CorrectedImage": ["ATTN"]}, {}, "CorrectedImage (0028,0051) does not list DECY"),
        ({"PatientWeight": None}, {}, "PatientWeight (0010,1030) is missing"),
        ({"PatientWeight": 0}, {}, "PatientWeight (0010,1030) is 0"),
        ({"AcquisitionTime": None}, {}, "AcquisitionTime (0008,0032) is missing"),
        ({}, {"RadionuclideTotalDose": None}, "RadionuclideTotalDose (0018,1074) is missing"),
        ({}, {"RadionuclideTotalDose": 370}, "RadionuclideTotalDose (0018,1074) is 370, and its unit is Bq"),
        ({}, {"RadionuclideTotalDose": 3.7e11}, "is 3.7e+11, and its unit is Bq: 0.1 MBq to 100 GBq can be a dose"),
        ({}, {"RadionuclideHalfLife": None}, "RadionuclideHalfLife (0018,1075) is missing"),
        (
            {},
            {"RadiopharmaceuticalStartTime": None, "RadiopharmaceuticalStartDateTime": None},
            "RadiopharmaceuticalStartTime (0018,1072) are missing",
        ),
        ({"SeriesTime": "120000", "FrameReferenceTime": None}, {}, "FrameReferenceTime (0054,1300)"),
        ({"RadiopharmaceuticalInformationSequence": []}, {}, "has 0 items, and must have one"),
    ],
)
def test_why_there_is_no_factor(tmp_path: Path, attributes: Attributes, isotope: Attributes, said: str) -> None:
    suv = suv_of(tmp_path, attributes, isotope)
    assert suv.factor is None
    assert said in suv.how


@pytest.mark.parametrize("scale", [0x00, 0x09])
def test_philips_factors(tmp_path: Path, scale: int) -> None:
    def add(_at: int, dataset: Dataset) -> None:
        block = dataset.private_block(0x7053, "Philips PET Private Group", create=True)
        block.add_new(0x00, "DS", "0.0007" if scale == 0x00 else "0")
        block.add_new(0x09, "DS", "2.5")

    write_pet(tmp_path, {"Units": "CNTS"}, change=add)
    suv = vm.read_image(tmp_path).suv
    assert suv is not None
    assert suv.factor == pytest.approx(0.0007 if scale == 0x00 else 2.5 * factor(3600), rel=1e-12)
    assert f"(7053,10{scale:02x})" in suv.how


def dates(scan: str, injected: str) -> tuple[Attributes, Attributes]:
    attributes: Attributes = {
        "SeriesDate": scan[:8],
        "SeriesTime": scan[8:],
        "AcquisitionDate": scan[:8],
        "AcquisitionTime": scan[8:],
    }
    return attributes, {"RadiopharmaceuticalStartDateTime": injected, "RadiopharmaceuticalStartTime": injected[8:]}


def test_coarsened_dates_leave_the_times_of_day(tmp_path: Path) -> None:
    suv = suv_of(tmp_path, *dates("20260101090000", "20260117080000"))
    assert suv.factor == pytest.approx(factor(3600), rel=1e-12)
    assert "the uptake is by the times of day alone" in suv.notes[0]


def test_midnight_between_injection_and_scan(tmp_path: Path) -> None:
    assert suv_of(tmp_path, *dates("20260103003000", "20260102233000")).factor == pytest.approx(factor(3600), rel=1e-12)


def test_midnight_and_coarsened_dates(tmp_path: Path) -> None:
    suv = suv_of(tmp_path, *dates("20260101003000", "20260117233000"))
    assert suv.factor == pytest.approx(factor(3600), rel=1e-12)
    assert suv.notes


def test_coarsened_dates_and_an_uptake_that_cannot_be(tmp_path: Path) -> None:
    suv = suv_of(tmp_path, *dates("20260101150000", "20260117080000"))
    assert suv.factor is None
    assert "by the times of day alone the uptake would be 7.0 h, at most 6 h" in suv.how


def test_long_half_lives_need_their_dates(tmp_path: Path) -> None:
    attributes, isotope = dates("20260105090000", "20260102080000")
    right = suv_of(tmp_path / "right", attributes, isotope | {"RadionuclideHalfLife": LONG})
    assert right.factor == pytest.approx(factor(73 * 3600, half_life=LONG), rel=1e-12)
    attributes, isotope = dates("20260101090000", "20260117080000")
    wrong = suv_of(tmp_path / "wrong", attributes, isotope | {"RadionuclideHalfLife": LONG})
    assert wrong.factor is None
    assert "do not tell the uptake of a half-life of 78.4 h" in wrong.how


def test_the_time_of_injection_alone(tmp_path: Path) -> None:
    suv = suv_of(tmp_path, {}, {"RadiopharmaceuticalStartDateTime": None})
    assert suv.factor == pytest.approx(factor(3600), rel=1e-12)
    assert suv.notes == ()


def test_other_images_have_no_factor(tmp_path: Path) -> None:
    write_series(tmp_path)
    assert vm.read_image(tmp_path).suv is None


def test_the_step_multiplies_once_and_says_what_it_rests_on(tmp_path: Path) -> None:
    write_pet(tmp_path, *dates("20260101090000", "20260117080000"))
    image = vm.read_image(tmp_path)
    mask = vm.Mask(np.ones(image.grid.shape, np.uint8), image.grid)
    settings = vm.Settings(features={"firstorder": ("Maximum", "Mean")})
    plain = vm.extract(image, mask, settings=settings).rows[0]
    (row,) = vm.extract(image, mask, settings=settings.changed({"suv": True})).rows
    for name, value in plain.features.items():
        assert row.features[name] == pytest.approx(value * factor(3600), rel=1e-9)
    assert any("times of day" in note for note in row.notes)
    assert not any("times of day" in note for note in plain.notes)


@pytest.mark.parametrize(
    "suv, said", [(None, "this has no factor"), (Suv(None, "no SUV factor: why"), "no SUV factor: why")]
)
def test_the_step_refuses_images_without_a_factor(suv: Suv | None, said: str) -> None:
    image = vm.Volume(np.arange(27.0).reshape(3, 3, 3), spacing=(1, 1, 1), name="scan", suv=suv)
    mask = vm.Mask(np.ones((3, 3, 3), np.uint8), image.grid)
    with pytest.raises(vm.InputError, match=f"^scan: .*{said}"):
        vm.extract(image, mask, settings=vm.Settings(suv=True))


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
def test_a_factor_is_positive(value: float) -> None:
    with pytest.raises(vm.InputError, match="a factor of standardised uptake values is positive"):
        Suv(value, "somehow")
