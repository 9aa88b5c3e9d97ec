"""A folder tree of DICOM → its studies: the images of each, and the masks that belong to these."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

from voxmill.discovery.cases import CaseSource, ImageSource, LeftOut, MaskSource, Sources, names_of
from voxmill.discovery.headers import about_case, about_image
from voxmill.discovery.listings import NOT_LISTED, compare
from voxmill.discovery.trees import Tree, survey_tree
from voxmill.errors import InputError, agreeing
from voxmill.io.dicom import Failure, Series
from voxmill.io.dicom.identity import Identity
from voxmill.io.dicom.matching import ImageRecord, MaskRecord, Unmatched, image_record, mask_record, match
from voxmill.io.dicom.tags import text
from voxmill.io.files import name_of
from voxmill.io.remote import Location
from voxmill.privacy import Pseudonyms

MASKS = ("SEG", "RTSTRUCT")
ONLY = "images of CT, MR and PET are read (no localizers), and SEG and RTSTRUCT"
UNFETCHED = "a file in its folder could not be fetched, and may be one of its slices; run the command again later"
TWICE = "this mask is there twice (SOPInstanceUID); one is taken"


@dataclass(frozen=True)
class MaskFile:
    """A file of masks: where it lies, and what its header says of a person."""

    place: Location
    identity: Identity


def find_studies(source: Location, pseudonyms: Pseudonyms) -> Sources:
    """The studies in a file or folder, each a case; raises InputError where there is no image in it."""
    tree = survey_tree(source)
    found = tree.survey
    left_out = [_damaged(one, tree, pseudonyms) for one in found.failures]
    if not tree.images:
        reason = f": {left_out[0].sentence}" if left_out else ""
        name = name_of(source) if isinstance(source, Path) else source.name
        raise InputError(f"{name}: there is no DICOM image of CT, MR or PET in it{reason}")
    files, records, twice = _masks(tree, pseudonyms)
    matching = match(records, _known(tree, records, pseudonyms))
    masks: dict[str, list[str]] = defaultdict(list)
    for pair in matching.pairs:
        masks[pair.image.name].append(pair.mask.name)
    compared = compare(tree, pseudonyms)
    left_out += [
        *compared.left_out,
        *_others(tree, pseudonyms),
        *(LeftOut(name, TWICE, "mask", place=tree.place(path)) for name, path in twice),
        *(_of_no_image(one, files) for one in matching.unmatched),
    ]
    beside = {pseudonyms.of("series", one) for one in compared.beside}
    cases = (_noted(case, beside) for case in _cases(tree, files, masks, pseudonyms))
    return Sources(tuple(cases), tuple(left_out))


def _noted(case: CaseSource, beside: Set[str]) -> CaseSource:
    """A case with a note on every image that is beside what a listing says."""
    images = (replace(one, notes=(*one.notes, NOT_LISTED)) if one.name in beside else one for one in case.images)
    return replace(case, images=tuple(images))


def _damaged(failure: Failure, tree: Tree, pseudonyms: Pseudonyms) -> LeftOut:
    """A file or folder that cannot be read."""
    path = failure.path
    sentence = pseudonyms.told(failure.reason, names_of(path))
    kind = "folder" if path.is_dir() else "file"
    return LeftOut(pseudonyms.of("file", path.name), sentence, kind, place=tree.place(path))


def _others(tree: Tree, pseudonyms: Pseudonyms) -> Iterator[LeftOut]:
    """Series of kinds that are never read: neither images nor masks."""
    sentence = f"a series of another kind: {ONLY}"
    images = frozenset(tree.images)
    for one in tree.survey.series:
        if one not in images and one.modality not in MASKS:
            name = pseudonyms.of("series", one.series_uid)
            place = tree.place(one.files[0])
            yield LeftOut(name, sentence, "series", place=place, series=one.series_uid, is_wanted=False)


def _of_no_image(unmatched: Unmatched, files: Mapping[str, MaskFile]) -> LeftOut:
    """A mask that belongs to no image, or not to one that it refers to."""
    name, image = unmatched.mask.name, unmatched.image
    place = files[name].place
    if image is None:
        return LeftOut(name, unmatched.reason, "mask", place=place)
    return LeftOut(name, unmatched.reason, "mask", image.name, place, image.series)


def _masks(tree: Tree, pseudonyms: Pseudonyms) -> tuple[dict[str, MaskFile], list[MaskRecord], list[tuple[str, Path]]]:
    """The files of masks by their names in the store, what each refers to, and which are there twice."""
    files: dict[str, MaskFile] = {}
    records: list[MaskRecord] = []
    twice: list[tuple[str, Path]] = []
    for path in (path for one in tree.survey.series if one.modality in MASKS for path in one.files):
        header = tree.header(path)
        name = pseudonyms.of("mask", text(header, "SOPInstanceUID") or path.name)
        if name in files:
            twice.append((name, path))
            continue
        files[name] = MaskFile(tree.place(path), Identity.of(header))
        records.append(mask_record(header, name=name))
    return files, records, twice


def _known(tree: Tree, records: Sequence[MaskRecord], pseudonyms: Pseudonyms) -> list[ImageRecord]:
    """What masks may refer to; slices are looked at only where a mask names slices and no series."""
    by_slices = any(not record.references.series and record.references.instances for record in records)
    return [
        image_record(
            [tree.header(path) for path in one.files] if by_slices else [one.header],
            name=pseudonyms.of("series", one.series_uid),
        )
        for one in tree.images
    ]


def _cases(
    tree: Tree, files: Mapping[str, MaskFile], masks: Mapping[str, Sequence[str]], pseudonyms: Pseudonyms
) -> Iterator[CaseSource]:
    studies: dict[tuple[str, str], list[Series]] = defaultdict(list)
    for series in tree.images:
        studies[series.patient_id, series.study_uid].append(series)
    patients = Counter(study for _, study in studies)
    for (patient, study), group in sorted(studies.items(), key=lambda item: item[0]):
        called = study if study and patients[study] == 1 else f"{study} {patient or group[0].series_uid}"
        about = about_case(group[0].header, pseudonyms)
        made = tuple(_image(one, tree, _of_series(one, files, masks, pseudonyms), pseudonyms) for one in group)
        yield CaseSource(pseudonyms.of("study", called), made, about, _identifiers(group))


def _identifiers(group: Sequence[Series]) -> frozenset[str]:
    """What headers of a study say of a patient, as far as messages may repeat it; names of regions, masks see to."""
    series = {part for one in group for part in (one.patient_id, one.study_uid, one.series_uid, one.description)}
    return frozenset(series | {text(one.header, "StudyDescription") for one in group}) - {""}


def _of_series(
    series: Series, files: Mapping[str, MaskFile], masks: Mapping[str, Sequence[str]], pseudonyms: Pseudonyms
) -> list[MaskSource]:
    """The masks of a series, of which nothing may be called by what its header, or their own, says of a person."""
    identity = Identity.of(series.header)
    found = [(name, files[name]) for name in masks[pseudonyms.of("series", series.series_uid)]]
    return [MaskSource(name, one.place, one.identity | identity, keep_names=pseudonyms.keep_ids) for name, one in found]


def _image(series: Series, tree: Tree, masks: Sequence[MaskSource], pseudonyms: Pseudonyms) -> ImageSource:
    name = pseudonyms.of("series", series.series_uid)
    beside = tree.failures_beside(series)
    slices = agreeing(len(beside), "a slice", "slices")
    notes = (f"{len(beside)} of the files beside it could not be read, and may be {slices} of it",) if beside else ()
    fault = UNFETCHED if any(one.is_unfetched for one in beside) else ""
    return ImageSource(
        name,
        tuple(map(tree.place, series.files)),
        tuple(masks),
        series.brief,
        about_image(series.header, pseudonyms),
        notes,
        fault,
        Identity.of(series.header),
        pseudonyms.keep_ids,
    )
