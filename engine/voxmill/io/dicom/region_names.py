"""Names of regions in a mask, and the same without what identifies a person."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from pydicom.dataset import Dataset

from voxmill.errors import InputError, several
from voxmill.io.dicom.identity import Identity
from voxmill.io.dicom.tags import items, text
from voxmill.io.names import distinct
from voxmill.volume import Mask

REPLACED = "what names of regions repeat of the patient's header, and dates in them, was replaced"
REGIONS = (("StructureSetROISequence", "ROIName"), ("SegmentSequence", "SegmentLabel"))


def region_names(header: Dataset) -> frozenset[str]:
    """The names of the regions in a mask, drawn or not."""
    return frozenset(text(item, keyword) for sequence, keyword in REGIONS for item in items(header, sequence)) - {""}


def without_identity(mask: Mask, header: Dataset, identity: Identity) -> tuple[Mask, tuple[str, ...]]:
    """A mask with `region LABEL` for what its names repeat of an identity, or of its own header; and the note on that.

    That is the last note of the mask, too; there is none where nothing was replaced. Names tell its regions apart as
    before; its other notes do not say the names that it had.
    """
    whole = identity | Identity.of(header)
    named = {(one.layer, one.label): one.name for one in mask.segments if one.name}
    told = {(layer, label): whole.replaced(name, f"region {label}") for (layer, label), name in named.items()}
    undrawn = [replace(one, name=one.name and whole.replaced(one.name, f"region {one.label}")) for one in mask.undrawn]
    changed = [str(label) for layer, label in named if told[layer, label] != named[layer, label]]
    changed += [str(one.label) for one, before in zip(undrawn, mask.undrawn, strict=True) if one != before]
    notes = [_told(note, region_names(header), whole) for note in mask.notes]
    if not changed:
        return mask.renamed(mask.name, notes=notes), ()
    note = f"{REPLACED}: label{'s' * (len(changed) > 1)} {several(changed, separator=', ')}"
    return mask.named(distinct(told, mask)).renamed(mask.name, notes=[*notes, note], undrawn=undrawn), (note,)


@contextmanager
def hiding_identity(header: Dataset, identity: Identity) -> Iterator[None]:
    """An InputError that is raised within does not say what names of regions repeat of an identity, or of a header."""
    try:
        yield
    except InputError as error:
        told = _told(str(error), region_names(header), identity | Identity.of(header))
        raise error.saying(told) from error


def _told(sentence: str, names: Iterable[str], identity: Identity) -> str:
    """A sentence without what the names in it repeat of an identity."""
    for name in sorted(names, key=len, reverse=True):
        sentence = sentence.replace(name, identity.replaced(name, "a region"))
    return sentence
