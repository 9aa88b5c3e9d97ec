"""A folder tree of DICOM → its studies: the images of each, and the masks that belong to these."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from voxmill.conversion.cases import CaseSource, ImageSource, LeftOut, MaskSource, Sources, names_of
from voxmill.errors import InputError
from voxmill.io.dicom import Series, read_header, survey
from voxmill.io.dicom.matching import MaskRecord, Matching, image_record, mask_record, match
from voxmill.io.dicom.tags import text
from voxmill.privacy import Names, allowed

MASKS = ("SEG", "RTSTRUCT")
ONLY = "images of CT, MR and PET are read, and SEG and RTSTRUCT"


def find_studies(source: Path, names: Names) -> Sources:
    """The studies in a file or folder, each a case; raises InputError where there is no image in it."""
    found = survey(source)
    images = [one for one in found.series if one.is_image]
    left_out = [
        LeftOut(names.of("file", one.path.name), names.told(one.reason, names_of(one.path))) for one in found.failures
    ]
    if not images:
        reason = f": {left_out[0].sentence}" if left_out else ""
        raise InputError(f"{source.name}: there is no DICOM image of CT, MR or PET in it{reason}")
    files, matching = _masks(found.series, images, names)
    left_out += [
        LeftOut(names.of("series", one.series_uid), f"a series of {one.modality or 'no modality'}: {ONLY}")
        for one in found.series
        if not one.is_image and one.modality not in MASKS
    ]
    left_out += [LeftOut(one.mask.name, one.reason) for one in matching.unmatched]
    return Sources(tuple(_cases(images, files, matching, names)), tuple(left_out))


def _masks(series: Sequence[Series], images: Sequence[Series], names: Names) -> tuple[Mapping[str, Path], Matching]:
    """The files of masks by their names in the store, and which image each belongs to."""
    files: dict[str, Path] = {}
    records: list[MaskRecord] = []
    for path in (path for one in series if one.modality in MASKS for path in one.files):
        header = read_header(path).dataset
        name = names.of("mask", text(header, "SOPInstanceUID") or path.name)
        files[name] = path
        records.append(mask_record(header, name=name))
    by_slices = any(not record.references.series and record.references.instances for record in records)
    headers = {
        one.series_uid: [read_header(path).dataset for path in one.files] if by_slices else [one.header]
        for one in images
    }
    known = [image_record(headers[one.series_uid], name=names.of("series", one.series_uid)) for one in images]
    return files, match(records, known)


def _cases(images: Sequence[Series], files: Mapping[str, Path], matching: Matching, names: Names) -> list[CaseSource]:
    studies: dict[tuple[str, str], list[Series]] = {}
    for series in images:
        studies.setdefault((series.patient_id, series.study_uid), []).append(series)
    first = {series.patient_id: min(_days(images, series.patient_id), default="") for series in images}
    return [
        _case(group, [_image(one, files, matching, names) for one in group], first[patient], names)
        for (patient, _), group in sorted(studies.items(), key=lambda item: item[0])
    ]


def _days(images: Sequence[Series], patient: str) -> list[str]:
    """The dates of the studies of a patient."""
    dates = (text(one.header, "StudyDate") for one in images if one.patient_id == patient)
    return [date for date in dates if date]


def _case(group: Sequence[Series], images: Sequence[ImageSource], first: str, names: Names) -> CaseSource:
    series = group[0]
    about = {
        "patient": names.of("patient", series.patient_id),
        "study": names.of("study", series.study_uid),
        "day": names.day(text(series.header, "StudyDate"), first),
    }
    texts = {(one.series_uid, one.description, text(one.header, "StudyDescription")) for one in group}
    identifiers = {series.patient_id, series.study_uid, *(part for some in texts for part in some)} - {""}
    return CaseSource(
        names.of("study", series.study_uid or series.series_uid), tuple(images), about, frozenset(identifiers)
    )


def _image(series: Series, files: Mapping[str, Path], matching: Matching, names: Names) -> ImageSource:
    name = names.of("series", series.series_uid)
    masks = (pair.mask.name for pair in matching.pairs if pair.image.name == name)
    about = {
        "series": name,
        "frame_of_reference": names.of("frame", series.frame_of_reference_uid),
        **({"description": series.description} if names.keep_ids and series.description else {}),
        "dicom": allowed(series.header),
    }
    return ImageSource(name, series.files, tuple(MaskSource(mask, files[mask]) for mask in masks), series, about)
