"""What a source still carries of a person: the header of a DICOM file, or of another.

DICOM PS3.15 (2024c), annex E: the Basic Application Level Confidentiality Profile, table E.1-1.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom.dataelem import DataElement
    from pydicom.dataset import Dataset

    from voxmill.io.dicom.repeating import Identifiers


@dataclass(frozen=True)
class Finding:
    """Something that a source carries: its kind, and where it stands (never what)."""

    kind: str
    where: str


IDENTIFYING_KINDS = {
    "PN": "a person's name",
    "DA": "a date",
    "DT": "a date",
    "TM": "a time",
    "LT": "free text",
    "ST": "free text",
    "UT": "free text",
    "UC": "free text",
    "UR": "an address",
}
"""Value representations that are identifying wherever they stand."""
TEXTS = ("CS", "LO", "SH", "AE")
"""Value representations of short texts, which identify nobody unless they hold what does."""
OF_A_KIND = re.compile("SOPClassUID|^(TransferSyntaxUID|CodingSchemeUID|ContextUID|MappingResourceUID)$")
"""UIDs that name a kind of thing and no thing."""
IDENTIFYING = frozenset(
    {
        "AccessionNumber",
        "AcquisitionDeviceProcessingDescription",
        "AdmissionID",
        "AdmittingDiagnosesDescription",
        "Allergies",
        "AuthorObserverSequence",
        "BranchOfService",
        "CassetteID",
        "ClinicalTrialProtocolName",
        "ClinicalTrialSiteID",
        "ClinicalTrialSiteName",
        "ClinicalTrialSponsorName",
        "ClinicalTrialSubjectID",
        "ClinicalTrialSubjectReadingID",
        "ConfidentialityConstraintOnPatientDataDescription",
        "ConsultingPhysicianName",
        "ContainerIdentifier",
        "ContentCreatorIdentificationCodeSequence",
        "ContrastBolusAgent",
        "ContributionDescription",
        "CountryOfResidence",
        "CurrentPatientLocation",
        "CustodialOrganizationSequence",
        "DetectorID",
        "DeviceDescription",
        "DeviceLabel",
        "DeviceSerialNumber",
        "DeviceUID",
        "EthnicGroup",
        "FillerOrderNumberImagingServiceRequest",
        "GantryID",
        "GeneratorID",
        "InstitutionAddress",
        "InstitutionCodeSequence",
        "InstitutionName",
        "InstitutionalDepartmentName",
        "InsurancePlanIdentification",
        "InterpretationIDIssuer",
        "IssuerOfAdmissionID",
        "IssuerOfPatientID",
        "IssuerOfServiceEpisodeID",
        "MedicalAlerts",
        "MedicalRecordLocator",
        "MilitaryRank",
        "ModifyingSystem",
        "Occupation",
        "OperatorIdentificationSequence",
        "OrderEnteredBy",
        "OrderEntererLocation",
        "OtherPatientIDs",
        "OtherPatientIDsSequence",
        "PatientAddress",
        "PatientAge",
        "PatientID",
        "PatientInstitutionResidence",
        "PatientInsurancePlanCodeSequence",
        "PatientPrimaryLanguageCodeSequence",
        "PatientReligiousPreference",
        "PatientSetupPhotoDescription",
        "PatientSex",
        "PatientSexNeutered",
        "PatientSize",
        "PatientState",
        "PatientTelephoneNumbers",
        "PatientTransportArrangements",
        "PatientWeight",
        "PerformedLocation",
        "PerformedProcedureStepDescription",
        "PerformedProcedureStepID",
        "PerformedStationAETitle",
        "PerformedStationName",
        "PerformingPhysicianIdentificationSequence",
        "PersonAddress",
        "PersonIdentificationCodeSequence",
        "PersonTelephoneNumbers",
        "PhysiciansOfRecordIdentificationSequence",
        "PhysiciansReadingStudyIdentificationSequence",
        "PlacerOrderNumberImagingServiceRequest",
        "PlateID",
        "PregnancyStatus",
        "PrivateInformationCreatorUID",
        "ProtocolName",
        "ROIDescription",
        "ROIName",
        "RTPlanLabel",
        "RTPlanName",
        "ReasonForStudy",
        "ReasonForTheRequestedProcedure",
        "ReferringPhysicianAddress",
        "ReferringPhysicianIdentificationSequence",
        "ReferringPhysicianTelephoneNumbers",
        "RegionOfResidence",
        "RequestAttributesSequence",
        "RequestedContrastAgent",
        "RequestedProcedureDescription",
        "RequestedProcedureID",
        "RequestedProcedureLocation",
        "RequestingService",
        "ResponsibleOrganization",
        "ResultsIDIssuer",
        "RetrieveAETitle",
        "ScheduledProcedureStepDescription",
        "ScheduledProcedureStepID",
        "ScheduledProcedureStepLocation",
        "ScheduledStationAETitle",
        "ScheduledStationName",
        "ScheduledStudyLocation",
        "ScheduledStudyLocationAETitle",
        "SegmentLabel",
        "SeriesDescription",
        "ServiceEpisodeDescription",
        "ServiceEpisodeID",
        "SmokingStatus",
        "SourceApplicationEntityTitle",
        "SourceManufacturer",
        "SpecialNeeds",
        "StationAETitle",
        "StationName",
        "StructureSetLabel",
        "StructureSetName",
        "StudyDescription",
        "StudyID",
    }
)
"""Attributes that the profile removes or replaces, beside those of the kinds above; regions' names are ours."""
BURNT_IN = ("BurnedInAnnotation", "RecognizableVisualFeatures")


def carried(header: "Dataset") -> tuple[Finding, ...]:
    """What a DICOM header still carries, sequences included: identifying attributes, private ones, what is burnt in."""
    from voxmill.io.dicom.repeating import Identifiers
    from voxmill.quiet import quiet

    with quiet():
        return tuple(dict.fromkeys(_carried(header, Identifiers(header))))


def _carried(header: "Dataset", identifiers: "Identifiers", within: str = "") -> Iterator[Finding]:
    for element in header:
        where = f"{within}{element.keyword or 'an unknown attribute'} {element.tag}"
        kind = _kind(element) or _hidden(element, identifiers)
        if kind:
            yield Finding(kind, where)
        elif element.VR == "SQ":
            for item in element.value:
                yield from _carried(item, identifiers, f"{where} > ")


def _kind(element: "DataElement") -> str | None:
    """What kind of finding an attribute is; None for none, and for one that is empty."""
    if element.value in (None, "") or (element.VR == "SQ" and not element.value):
        return None
    if element.tag.is_private:
        return "a private attribute"
    if element.keyword in IDENTIFYING:
        return "an identifying attribute"
    if element.VR == "UI":
        return None if OF_A_KIND.search(element.keyword) else "a unique identifier"
    if element.keyword in BURNT_IN:
        return "burnt into the pixels" if str(element.value) != "NO" else None
    return IDENTIFYING_KINDS.get(element.VR)


def _hidden(element: "DataElement", identifiers: "Identifiers") -> str | None:
    """What a text carries that should be harmless: an identifier of the same header, a date, or no code."""
    from voxmill.io.dicom.repeating import is_code

    if element.VR not in TEXTS or not element.value:
        return None
    written = "\\".join(map(str, element.value)) if element.VM > 1 else str(element.value)
    if identifiers.are_in(written):
        return "an identifier or a date in another attribute"
    if element.VR == "CS" and not all(is_code(part.strip()) for part in written.split("\\")):
        return "a text where a code should be"
    return None


def carried_texts(fields: Mapping[str, str]) -> tuple[Finding, ...]:
    """What the header of a NIfTI, NRRD or MetaImage file carries: fields of text that are not empty."""
    return tuple(Finding("free text", name) for name, text in fields.items() if text.strip(" \0"))
