"""Privacy: what may enter a store, names in place of identifiers, and what sources carry."""

import os
import stat
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import config
from pydicom.datadict import dictionary_VR, keyword_for_tag, tag_for_keyword
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from voxmill.confidentiality import IDENTIFYING, IDENTIFYING_KINDS, carried, carried_texts
from voxmill.errors import InputError, OutputError
from voxmill.privacy import ATTRIBUTES, Key, Pseudonyms, allowed

SECRET = "DOE^JANE"
GROUPS = (0x0008, 0x0010, 0x0012, 0x0018, 0x0020, 0x0028, 0x0032, 0x0038, 0x0040, 0x3006)
TEXT_KINDS = {"PN", "LO", "SH", "LT", "ST", "UT", "UC", "CS", "AE", "UI"}
KEY = Key(b"k" * 32)


def of_the_profile() -> list[str]:
    """Keywords that are identifying, by name or by kind."""
    numbered = {keyword_for_tag(group << 16 | element) for group in GROUPS for element in range(0x10000)}
    words = {word for word in numbered if tag_for_keyword(word)}
    return sorted(IDENTIFYING | {word for word in words if dictionary_VR(word) in IDENTIFYING_KINDS})


def test_every_attribute_is_in_the_dictionary_of_dicom() -> None:
    assert all(tag_for_keyword(keyword) is not None for keyword in (*ATTRIBUTES, *IDENTIFYING))


def test_nothing_identifying_is_on_the_list() -> None:
    assert not IDENTIFYING & set(ATTRIBUTES)
    assert not {dictionary_VR(keyword) for keyword in ATTRIBUTES} & {*IDENTIFYING_KINDS, "UI", "SQ"}


def test_nothing_of_a_header_full_of_identifiers_is_allowed() -> None:
    header = Dataset()
    with config.disable_value_validation():
        for keyword in of_the_profile():
            if dictionary_VR(keyword) in TEXT_KINDS:
                setattr(header, keyword, "1.2.3.444" if dictionary_VR(keyword) == "UI" else SECRET)
    header.Modality, header.KVP, header.ImageType = "CT", "120", ["ORIGINAL", "PRIMARY"]
    assert allowed(header) == {"Modality": "CT", "KVP": 120.0, "ImageType": ["ORIGINAL", "PRIMARY"]}


def test_text_is_short_and_printable() -> None:
    header = Dataset()
    header.add(DataElement("Manufacturer", "LO", "Müller\x1b[31m" + 100 * "x", validation_mode=config.IGNORE))
    assert allowed(header) == {"Manufacturer": ("M?ller?[31m" + 100 * "x")[:64]}


def of_jane(**attributes: object) -> Dataset:
    """A header of a person, with these attributes, legal or not."""
    header = Dataset()
    known = {"PatientID": "P-42", "PatientName": "Müller^Ann=李", "AccessionNumber": "A77", "StudyID": "S5"}
    with config.disable_value_validation():
        for keyword, value in {**known, "StudyDescription": "knee of Ann", **attributes}.items():
            setattr(header, keyword, value)
    return header


@pytest.mark.parametrize(
    "keyword, value",
    [
        ("ManufacturerModelName", "Scanner of p-42"),
        ("ConvolutionKernel", "B30f Müller"),
        ("ConvolutionKernel", "Muller MÜLLERIN"),
        ("ManufacturerModelName", "annMüller"),
        ("Manufacturer", "x_Ann_y"),
        ("ReconstructionMethod", "A77"),
        ("ReconstructionMethod", "1.2.3.4.SECRET"),
        ("ConvolutionKernel", "seen 20210317"),
        ("ConvolutionKernel", "20210317083000.5"),
        ("ConvolutionKernel", "17.03.2021"),
        ("RescaleType", "Knee of Ann, HU"),
        ("ImageType", ["DERIVED", "PRIMARY", "P-42"]),
        ("BodyPartExamined", "KNEE 20210317"),
        ("BodyPartExamined", "secret*low"),
        ("BodyPartExamined", "MORE THAN SIXTEEN"),
        ("ImageType", ["DERIVED", "secret"]),
    ],
)
def test_what_repeats_an_identifier_or_is_no_code_stays_outside_and_is_found(keyword: str, value: object) -> None:
    header = of_jane(**{keyword: value, "Modality": "CT"})
    assert allowed(header) == {"Modality": "CT"}
    (kind,) = (one.kind for one in carried(header) if one.where.startswith(keyword))
    assert kind in ("an identifier or a date in another attribute", "a text where a code should be")


@pytest.mark.parametrize(
    "keyword, value",
    [
        ("ConvolutionKernel", "KernPAT-00042X"),
        ("ConvolutionKernel", "SN998877"),
        ("ConvolutionKernel", "14-MAR-2019"),
        ("ConvolutionKernel", "B30f 17.3.51"),
        ("ManufacturerModelName", "Scanner of Klinikum Rechts"),
        ("ImageType", ["DERIVED", "PAT00042X"]),
    ],
)
def test_numbers_within_words_those_of_devices_and_dates_stay_outside(keyword: str, value: object) -> None:
    more = {"DeviceSerialNumber": "SN998877", "InstitutionName": "Klinikum Rechts", "PatientBirthDate": "19510317"}
    header = of_jane(**{keyword: value, "Modality": "CT", "PatientID": "PAT-00042X", **more})
    assert allowed(header) == {"Modality": "CT"}
    assert keyword in {one.where.split()[0] for one in carried(header)}


@pytest.mark.parametrize("number", ["THORAX", "30", "CT"])
def test_what_a_code_says_as_well_is_no_number_of_a_procedure(number: str) -> None:
    header = of_jane(RequestedProcedureID=number, BodyPartExamined="THORAX", ConvolutionKernel="B30f 30")
    assert set(allowed(header)) == {"BodyPartExamined", "ConvolutionKernel"}


@pytest.mark.parametrize(
    "keyword, value",
    [
        ("ImageType", ["ORIGINAL", "PRIMARY", ""]),
        ("ConvolutionKernel", "B30f"),
        ("ManufacturerModelName", "Scanner 2000 v1.2.3"),
        ("ManufacturerModelName", "Channel P-421"),
        ("BodyPartExamined", "KNEE"),
        ("ReconstructionMethod", "OSEM3D 99999999"),
    ],
)
def test_what_says_nothing_of_a_person_enters(keyword: str, value: object) -> None:
    header = of_jane(**{keyword: value})
    assert allowed(header) == {keyword: value}
    assert not [one for one in carried(header) if one.where.startswith(keyword)]


@pytest.mark.parametrize(
    "keyword", ["OtherPatientNames", "PatientMotherBirthName", "ResponsiblePerson", "PhysiciansOfRecord"]
)
def test_every_person_in_a_header_counts(keyword: str) -> None:
    header = of_jane(**{keyword: "Schmidt^Eva", "ConvolutionKernel": "B30f Schmidt", "Modality": "CT"})
    assert allowed(header) == {"Modality": "CT"}
    assert "ConvolutionKernel" in {one.where.split()[0] for one in carried(header)}


def test_short_names_and_descriptions_keep_codes() -> None:
    header = of_jane(PatientName="Mary", StudyDescription="THORAX", PatientID="", SeriesDescription="B30f")
    header.ImageType, header.BodyPartExamined, header.ConvolutionKernel = ["ORIGINAL", "PRIMARY"], "THORAX", "B30f"
    assert set(allowed(header)) == {"ImageType", "BodyPartExamined", "ConvolutionKernel"}


def test_headers_with_values_that_are_not_legal_are_looked_through_without_warnings() -> None:
    header = Dataset.from_json({"00080060": {"vr": "CS", "Value": ["CT"]}})
    header[0x00081030] = RawDataElement(
        Tag(0x00081030), "LO", 80, b"x" * 80, 0, is_implicit_VR=False, is_little_endian=True
    )
    header[0x00180015] = RawDataElement(
        Tag(0x00180015), "CS", 24, b"y" * 24, 0, is_implicit_VR=False, is_little_endian=True
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert {one.where.split()[0] for one in carried(header)} == {"StudyDescription", "BodyPartExamined"}


@pytest.mark.parametrize("keyword", sorted(IDENTIFYING))
def test_every_identifying_attribute_is_found(keyword: str) -> None:
    header = Dataset()
    kind = dictionary_VR(keyword)
    inner = Dataset()
    inner.CodeValue = "1"
    values = {"SQ": [inner], "DS": 70.0, "US": 4, "UI": "1.2.3"}
    setattr(header, keyword, values.get(kind, "030Y"))
    assert [one.where.split()[0] for one in carried(header)][:1] == [keyword]


def test_kinds_of_findings_wherever_they_stand() -> None:
    item, header = Dataset(), Dataset()
    item.PersonName, item.TextValue = SECRET, "seen by Dr. House"
    header.ContentSequence = [item]
    header.StudyInstanceUID, header.SOPClassUID = "1.2.3", "1.2.840.10008.5.1.4.1.1.2"
    header.StudyDate, header.BurnedInAnnotation, header.PatientName = "20200102", "YES", ""
    header.add_new(0x00091001, "LO", SECRET)
    found = {(one.kind, one.where.rpartition("> ")[2].split(" ")[0]) for one in carried(header)}
    assert found == {
        ("a person's name", "PersonName"),
        ("free text", "TextValue"),
        ("a unique identifier", "StudyInstanceUID"),
        ("a date", "StudyDate"),
        ("burnt into the pixels", "BurnedInAnnotation"),
        ("a private attribute", "an"),
    }
    assert not any(SECRET in one.where for one in carried(header))


def test_texts_of_other_headers() -> None:
    found = carried_texts({"descrip": "Jane", "aux_file": " ", "db_name": "\0\0"})
    assert [one.where for one in found] == ["descrip"]


@given(st.text(min_size=1), st.text(min_size=1))
def test_names_tell_identifiers_kinds_and_keys_apart(one: str, other: str) -> None:
    name = KEY.name("patient", one)
    assert (name == KEY.name("patient", other)) == (one == other)
    assert name.partition("-")[2] != KEY.name("study", one).partition("-")[2]
    assert name != Key(b"l" * 32).name("patient", one)
    assert len(name) == len("patient-") + 16


def test_names_are_the_same_in_every_process(tmp_path: Path) -> None:
    program = "from voxmill.privacy import Key; print(Key(b'k' * 32).name('patient', 'Müller'))"
    names = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONUTF8": "1"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("0", "1")
    }
    assert names == {KEY.name("patient", "Müller")}


def test_the_switch_keeps_identifiers() -> None:
    assert Pseudonyms(KEY, keep_ids=True).of("patient", "P1") == "P1"
    assert Pseudonyms(KEY).of("patient", "P1") == KEY.name("patient", "P1")
    assert Pseudonyms(KEY).of("patient", "") == ""


def test_days_in_place_of_dates_keep_intervals() -> None:
    for pseudonyms in (Pseudonyms(KEY), Pseudonyms(KEY, keep_ids=True)):
        early, late = (pseudonyms.day(date, "P1") for date in ("20200228", "20200301"))
        assert early is not None
        assert late is not None
        assert late - early == 2
    assert Pseudonyms(KEY).day("", "P1") is Pseudonyms(KEY).day("20201301", "P1") is None
    assert Pseudonyms(KEY).day("20200228", "") is None


def test_the_day_that_days_are_counted_from_is_secret() -> None:
    patients = [f"P{number}" for number in range(200)]
    days = [Pseudonyms(KEY).day("20200228", patient) for patient in patients]
    assert len(set(days)) > 190
    assert max(filter(None, days)) - min(filter(None, days)) > 40_000
    assert days != [Pseudonyms(Key(b"l" * 32)).day("20200228", patient) for patient in patients]


def test_a_key_beside_the_store_is_made_once_for_its_owner_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VOXMILL_KEY_FILE", raising=False)
    first, again = (Key.for_store(tmp_path / "cohort.zarr", new=True) for _ in range(2))
    assert first == again != Key.for_store(tmp_path / "other.zarr", new=True)
    assert stat.S_IMODE((tmp_path / "cohort.zarr.key").stat().st_mode) == 0o600
    assert not (tmp_path / "cohort.zarr").exists()
    assert first.secret.decode() not in repr(first)


def test_a_key_that_the_environment_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "key"
    file.write_text("x" * 40 + "\n")
    file.chmod(0o600)
    monkeypatch.setenv("VOXMILL_KEY_FILE", str(file))
    assert Key.for_store(tmp_path / "cohort.zarr", new=True) == Key(b"x" * 40)
    assert not (tmp_path / "cohort.zarr.key").exists()


@pytest.mark.parametrize(
    "content, mode, said",
    [("x" * 40, 0o644, "others can read this key"), ("short", 0o600, "at least 32 bytes; found 5")],
)
def test_keys_that_are_none(tmp_path: Path, content: str, mode: int, said: str) -> None:
    file = tmp_path / "key"
    file.write_text(content)
    file.chmod(mode)
    with pytest.raises(InputError, match=said):
        Key.read(file)


def test_a_key_that_cannot_be_read_or_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VOXMILL_KEY_FILE", raising=False)
    with pytest.raises(InputError, match="key: the key cannot be read: No such file"):
        Key.read(tmp_path / "key")
    with pytest.raises(OutputError, match=r"cohort.zarr.key: the key cannot be written"):
        Key.for_store(tmp_path / "nowhere" / "cohort.zarr", new=True)
