"""Texts that repeat what identifies in a header, however it is written; and those that only look like it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from voxmill.io.dicom.identity import Identity


def identity(**attributes: str) -> Identity:
    header = Dataset()
    header.SpecificCharacterSet = "ISO_IR 192"
    for keyword, value in attributes.items():
        setattr(header, keyword, value)
    return Identity.of(header)


MUELLER = identity(
    PatientName="Müller^Hans Li",
    PatientID="PATIENT-0042",
    PatientBirthDate="19600203",
    AccessionNumber="A1",
    StudyID="3",
    ReferringPhysicianName="Sørensen^Åse",
)


@pytest.mark.parametrize(
    "written, told",
    [
        ("GTV Mueller Hans", "GTV region 7"),
        ("GTV MULLER, hans li", "GTV region 7"),
        ("hans_müller", "region 7"),
        ("Mu\u0308ller GTV (Hans)", "region 7 GTV"),
        ("GTVMueller2", "region 7 2"),
        ("HansLi node", "region 7 node"),
        ("GTV Li Mueller", "GTV region 7"),
        ("Mueller GTV Hans x Müller", "region 7 GTV x"),
        ("PTV Soerensen", "PTV region 7"),
        ("PTV SORENSEN ase", "PTV region 7"),
        ("GTV_patient0042", "GTV_region 7"),
        ("Patient 0042", "region 7"),
        ("A1", "region 7"),
        ("CTV 03.02.1960", "CTV region 7"),
        ("CTV 030260", "CTV region 7"),
        ("CTV20210304", "CTV region 7"),
        ("of 1.2.840.10008.1", "of region 7"),
    ],
)
def test_what_repeats_an_identifier_is_replaced(written: str, told: str) -> None:
    assert MUELLER.replaced(written, "region 7") == told


@pytest.mark.parametrize(
    "written",
    [
        "GTV",
        "Li",
        "GTV Li",
        "GTV 3",
        "3",
        "GTV A1",
        "GTV 0042",
        "PATIENT",
        "Hand",
        "Mull",
        "a b",
        " GTV  1 ",
        "",
        "2021",
    ],
)
def test_what_only_looks_like_one_stays_as_it_is(written: str) -> None:
    assert MUELLER.replaced(written, "region 7") == written


def test_short_names_count_as_a_whole() -> None:
    li = identity(PatientName="Wu^Li=吴^丽")
    assert [li.replaced(one, "region 7") for one in ("GTV Li", "Wu", "Li Wu", "gtv wu, li", "GTV吴丽")] == [
        "GTV Li",
        "Wu",
        "region 7",
        "gtv region 7",
        "GTV region 7",
    ]
    alone = identity(PatientName="Li")
    assert [alone.replaced(one, "region 7") for one in ("GTV Li", "LI")] == ["GTV Li", "region 7"]
    assert identity(PatientName="山田^太郎").replaced("GTV山田", "region 7") == "GTV region 7"


@pytest.mark.parametrize(
    "written",
    ["GTVSmith", "SmithGTV", "JSmith", "SMITHgtv", "gtvSMITH", "gtvSmithLeft", "xMcKey", "aB" * 5_000 + "Smith"],
)
def test_a_shorter_name_counts_within_a_word_where_capitals_set_it_off(written: str) -> None:
    assert identity(PatientName="SMITH^MCKEY").replaced(f"{written} 1", "region 7") == "region 7 1"


@pytest.mark.parametrize("written", ["Smithson", "gtvsmith", "GTVSmit", "McKeys", "SMITHSON"])
def test_a_shorter_name_does_not_count_where_they_do_not(written: str) -> None:
    assert identity(PatientName="Smith^McKey").replaced(written, "region 7") == written


@pytest.fixture(scope="module")
def whole() -> Identity:
    """What a header says that has more than its patient."""
    other, request, header = Dataset(), Dataset(), Dataset()
    other.PatientID, request.RequestedProcedureID, request.ScheduledProcedureStepID = "OTHR5151", "THORAX", "SPS-77"
    header.OtherPatientIDsSequence, header.RequestAttributesSequence = [other], [request]
    header.NameOfPhysiciansReadingStudy, header.IssuerOfPatientID = "Reader^Rolf", "Issuer Haus"
    header.InstitutionName, header.PatientAddress = "Klinikum Rechts", "Lindenweg 7, Neustadt"
    header.DeviceSerialNumber, header.MedicalRecordLocator = "SN998877", "MRL5566"
    header.InsurancePlanIdentification, header.PatientComments = "INS4433", "cmtsecret"
    header.PatientBirthDate, header.StudyDate = "19510317", "20190304"
    return Identity.of(header)


@pytest.mark.parametrize(
    "written, told",
    [
        ("GTV Klinikum Rechts", "GTV region 7"),
        ("klinikum-rechts", "region 7"),
        ("SN998877", "region 7"),
        ("gtvSN998877b", "region 7 b"),
        ("Reader", "region 7"),
        ("OTHR5151 ptv", "region 7 ptv"),
        ("MRL5566", "region 7"),
        ("SPS77", "region 7"),
        ("INS 4433", "region 7"),
        ("GTV Lindenweg", "GTV region 7"),
        ("cmtsecret 2", "region 7 2"),
        ("Issuer Haus", "region 7"),
        ("GTV 14Mar2020", "GTV region 7"),
        ("GTV 14-MAR-2020", "GTV region 7"),
        ("4. März 19", "region 7"),
        ("Oct 3, 2020 GTV", "region 7 GTV"),
        ("born 17.3.51", "born region 7"),
        ("GTV 4_3_2019", "GTV region 7"),
        ("GTV 040319", "GTV region 7"),
    ],
)
def test_more_than_the_patient_identifies(whole: Identity, written: str, told: str) -> None:
    assert whole.replaced(written, "region 7") == told


@pytest.mark.parametrize(
    "written",
    [
        "Lunge rechts",
        "Klinikum",
        "Haus 7",
        "Thorax",
        "9SN9988770",
        "17.3.52",
        "17 x 3 x 51",
        "v 1.2.3",
        "GTV 3 mark 20",
    ],
)
def test_what_a_place_or_a_date_is_made_of_stays(whole: Identity, written: str) -> None:
    assert whole.replaced(written, "region 7") == written


def test_a_name_with_digits_is_a_number() -> None:
    """As in data that were made anonymous: of LUNG1-001, Lung says nothing."""
    subject = identity(PatientName="LUNG1-001", PatientID="LUNG1-001")
    told = [subject.replaced(one, "region 7") for one in ("Lung-Left", "GTV-1", "LUNG1-001 gtv", "lung1001")]
    assert told == ["Lung-Left", "GTV-1", "region 7 gtv", "region 7"]


def test_headers_without_identifiers_replace_nothing_but_dates() -> None:
    assert Identity.of(Dataset()) == Identity()
    assert [Identity().replaced(one, "x") for one in ("GTV Mueller", "GTV 2021-03-04")] == ["GTV Mueller", "GTV x"]


def test_in_sentences_all_that_repeats_an_identifier_is_withheld_and_the_rest_stays() -> None:
    told = MUELLER.withheld("a.dcm: Units is MÜLLER hans (of patient-0042), not  BQML; see 2020-01-02.")
    assert told == "a.dcm: Units is [withheld] (of [withheld]), not  BQML; see [withheld]."
    assert MUELLER.withheld("a.dcm: Li is not  known ()") == "a.dcm: Li is not  known ()"


def test_those_of_several_headers_are_joined() -> None:
    both = identity(PatientName="Doe^Jane") | identity(PatientID="77-12")
    assert [both.replaced(one, "region 7") for one in ("Jane", "GTV 7712", "Doe")] == [
        "region 7",
        "GTV region 7",
        "Doe",
    ]


@given(st.lists(st.sampled_from(["MUELLER", "Müller", "hans", "GTV", "Li", " ", "_", "^", "-", "7", "(", "0042"])))
def test_nothing_of_a_name_is_left(parts: list[str]) -> None:
    told = MUELLER.replaced("".join(parts), "region 7").casefold()
    assert not any(one in told for one in ("mueller", "müller"))
    assert "hans" not in re.split(r"[\W\d_]+", told)
    assert MUELLER.replaced(told, "region 7") == told
