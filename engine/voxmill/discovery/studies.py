"""A folder tree of DICOM → its studies: the images of each, and the masks that belong to these."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset

from voxmill.discovery.cases import CaseSource, ImageSource, LeftOut, MaskSource, Sources, names_of
from voxmill.errors import InputError
from voxmill.io.dicom import Series, read_header, survey
from voxmill.io.dicom.matching import ImageRecord, MaskRecord, image_record, mask_record, match
from voxmill.io.dicom.tags import items, text
from voxmill.privacy import Pseudonyms, allowed, is_date

MASKS = ("SEG", "RTSTRUCT")
ONLY = "images of CT, MR and PET are read, and SEG and RTSTRUCT"
REGIONS = (("StructureSetROISequence", "ROIName"), ("SegmentSequence", "SegmentLabel"))


@dataclass(frozen=True)
class MaskFile:
    """A file of masks: its path, and the names of its regions."""

    path: Path
    regions: frozenset[str]


def find_studies(source: Path, pseudonyms: Pseudonyms) -> Sources:
    """The studies in a file or folder, each a case; raises InputError where there is no image in it."""
    found = survey(source)
    images = [one for one in found.series if one.is_image]
    left_out = [
        LeftOut(pseudonyms.of("file", one.path.name), pseudonyms.told(one.reason, names_of(one.path)))
        for one in found.failures
    ]
    if not images:
        reason = f": {left_out[0].sentence}" if left_out else ""
        raise InputError(f"{source.name}: there is no DICOM image of CT, MR or PET in it{reason}")
    files, records, twice = _masks(found.series, pseudonyms)
    matching = match(records, _known(images, records, pseudonyms))
    masks: dict[str, list[str]] = defaultdict(list)
    for pair in matching.pairs:
        masks[pair.image.name].append(pair.mask.name)
    left_out += [
        *(LeftOut(pseudonyms.of("series", one), f"a series of another kind: {ONLY}") for one in _others(found.series)),
        *(LeftOut(name, "this mask is there twice (SOPInstanceUID); one is taken") for name in twice),
        *(LeftOut(one.mask.name, one.reason) for one in matching.unmatched),
    ]
    return Sources(tuple(_cases(images, files, masks, pseudonyms)), tuple(left_out))


def _others(series: Sequence[Series]) -> Iterator[str]:
    """The UIDs of series that are neither images nor masks."""
    return (one.series_uid for one in series if not one.is_image and one.modality not in MASKS)


def _masks(series: Sequence[Series], pseudonyms: Pseudonyms) -> tuple[dict[str, MaskFile], list[MaskRecord], list[str]]:
    """The files of masks by their names in the store, what each refers to, and which are there twice."""
    files: dict[str, MaskFile] = {}
    records: list[MaskRecord] = []
    twice: list[str] = []
    for path in (path for one in series if one.modality in MASKS for path in one.files):
        header = read_header(path).dataset
        name = pseudonyms.of("mask", text(header, "SOPInstanceUID") or path.name)
        if name in files:
            twice.append(name)
            continue
        files[name] = MaskFile(path, _regions(header))
        records.append(mask_record(header, name=name))
    return files, records, twice


def _regions(header: Dataset) -> frozenset[str]:
    """The names of the regions in a mask."""
    return frozenset(text(item, keyword) for sequence, keyword in REGIONS for item in items(header, sequence)) - {""}


def _known(images: Sequence[Series], records: Sequence[MaskRecord], pseudonyms: Pseudonyms) -> list[ImageRecord]:
    """What masks may refer to; slices are looked at only where a mask names slices and no series."""
    by_slices = any(not record.references.series and record.references.instances for record in records)
    return [
        image_record(
            [read_header(path).dataset for path in one.files] if by_slices else [one.header],
            name=pseudonyms.of("series", one.series_uid),
        )
        for one in images
    ]


def _cases(
    images: Sequence[Series], files: Mapping[str, MaskFile], masks: Mapping[str, Sequence[str]], pseudonyms: Pseudonyms
) -> Iterator[CaseSource]:
    studies: dict[tuple[str, str], list[Series]] = defaultdict(list)
    days: dict[str, list[str]] = defaultdict(list)
    for series in images:
        studies[series.patient_id, series.study_uid].append(series)
        days[series.patient_id].append(text(series.header, "StudyDate"))
    first = {patient: min(filter(is_date, dates), default="") for patient, dates in days.items()}
    patients = Counter(study for _, study in studies)
    for (patient, study), group in sorted(studies.items(), key=lambda item: item[0]):
        called = study if study and patients[study] == 1 else f"{study} {patient or group[0].series_uid}"
        about = {
            "patient": pseudonyms.of("patient", patient),
            "study": pseudonyms.of("study", study),
            "day": pseudonyms.day(text(group[0].header, "StudyDate"), first[patient]) if patient else None,
        }
        made = tuple(_image(one, files, masks[pseudonyms.of("series", one.series_uid)], pseudonyms) for one in group)
        yield CaseSource(pseudonyms.of("study", called), made, about, _identifiers(group, made, files))


def _identifiers(
    group: Sequence[Series], images: Sequence[ImageSource], files: Mapping[str, MaskFile]
) -> frozenset[str]:
    """What headers of a study say of a patient, as far as messages may repeat it."""
    series = {part for one in group for part in (one.patient_id, one.study_uid, one.series_uid, one.description)}
    studies = {text(one.header, "StudyDescription") for one in group}
    regions = {name for image in images for mask in image.masks for name in files[mask.name].regions}
    return frozenset(series | studies | regions) - {""}


def _image(series: Series, files: Mapping[str, MaskFile], masks: Sequence[str], pseudonyms: Pseudonyms) -> ImageSource:
    name = pseudonyms.of("series", series.series_uid)
    about = {
        "series": name,
        "frame_of_reference": pseudonyms.of("frame", series.frame_of_reference_uid),
        **({"description": series.description} if pseudonyms.keep_ids and series.description else {}),
        "dicom": allowed(series.header),
    }
    return ImageSource(name, series.files, tuple(MaskSource(mask, files[mask].path) for mask in masks), series, about)
