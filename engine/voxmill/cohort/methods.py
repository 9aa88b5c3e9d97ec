"""The methods paragraph of a run: software, what was done, sentence by sentence, and how much there was of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from voxmill.cohort.apart import NOTHING, Apart
from voxmill.cohort.clauses import STEPS
from voxmill.cohort.layout import METHODS
from voxmill.cohort.measuring_clauses import MEASURING
from voxmill.cohort.versions import versions
from voxmill.cohort.words import listed, written
from voxmill.drafts import draft_of
from voxmill.errors import agreeing, counted
from voxmill.settings import Settings


@dataclass(frozen=True)
class Extent:
    """How much there was of it: cases with rows, these rows, and how many cases or regions could not be measured.

    apart: what of the source was not measured, or not as it is now. bare: how many images have no mask. selected:
    whether cases were chosen by a pattern or a limit. chosen: whether the table of cases chose labels or channels for
    them. stored: whether they are of a store. flat: whether shape in 2D was measured of some. gpus: those that
    made values which may depend on that. versions: all versions of software that they were measured with, by name;
    those of this process.
    """

    cases: int
    rows: int
    failures: int
    apart: Apart = NOTHING
    bare: int = 0
    selected: bool = False
    chosen: bool = False
    stored: bool = False
    flat: bool = False
    gpus: Sequence[str] = ()
    versions: Mapping[str, Sequence[str]] = field(
        default_factory=lambda: {name: [one] for name, one in versions().items()}
    )


def write_methods(folder: Path, settings: Settings, extent: Extent) -> None:
    """Write the paragraph of a run; raises OutputError where that is impossible."""
    with draft_of(folder / METHODS) as draft:
        draft.write_text(f"# Methods\n\n{methods(settings, extent)}\n", encoding="utf-8")


def methods(settings: Settings, extent: Extent) -> str:
    """What was done, sentence by sentence, in the order in which it was."""
    steps, measuring = ([clause(settings) for clause in clauses] for clauses in (STEPS, MEASURING))
    told = [_software(extent.versions), _fractions(settings, extent), *steps, *measuring, _flat(settings, extent)]
    return " ".join(filter(None, (*told, _gpus(extent), _extent(extent))))


def _software(used: Mapping[str, Sequence[str]]) -> str:
    voxmill, *others = (f"{name} {' and '.join(versions)}" for name, versions in used.items())
    return f"Radiomic features were computed with {voxmill} ({', '.join(others)})."


def _fractions(settings: Settings, extent: Extent) -> str:
    """What is inside of a fractional segmentation: of a store, that was decided when it was made."""
    if extent.stored:
        return "Which voxels are inside of fractional segmentations was decided when the store was made."
    share = written(settings.fractional_threshold)
    return f"Of fractional segmentations (DICOM SEG), voxels of at least {share} of the maximum were inside."


def _flat(settings: Settings, extent: Extent) -> str:
    """Of flat images shape2D stands in for shape; where it is asked for, it is measured of single slices alone."""
    if "shape2D" in settings.features:
        return "" if extent.flat else "No region could be measured in 2D."
    return "Of flat images, shape in 2D was measured in place of shape." if extent.flat else ""


def _gpus(extent: Extent) -> str:
    if not extent.gpus:
        return ""
    return (
        f"Logarithms and exponentials of intensities were computed on a GPU ({listed(extent.gpus)}): their last digit "
        "may differ from that of a CPU."
    )


def cases_or_regions(number: int) -> str:
    """A number of what may be cases or regions, in words."""
    return f"{number:,} {agreeing(number, 'case or region', 'cases or regions')}"


def cases_images_or_masks(number: int) -> str:
    """A number of what may be cases, images or masks, in words."""
    return f"{number:,} {agreeing(number, 'case, image or mask', 'cases, images or masks')}"


def _images(number: int) -> str:
    return f"{counted(number, 'image')} {agreeing(number, 'was', 'were')}"


def _lacking(apart: Apart) -> str:
    """What the store lacks of what it was made of."""
    told = lacking(apart)
    if apart.unfinished is not None:
        found = apart.unfinished
        there = f"{found.there:,} of {found.cases:,} cases {agreeing(found.there, 'was', 'were')} in the store"
        told.append(f"conversion was not finished: {there}")
    return " ".join(f"{clause[0].upper()}{clause[1:]}." for clause in told)


def lacking(apart: Apart) -> list[str]:
    """What conversion could not bring into the store, and what it could not convert again, in words."""
    lost, outdated = len(apart.lost), len(apart.outdated)
    told = [f"{cases_images_or_masks(lost)} could not be converted, and so not measured"] if lost else []
    again = f"{counted(outdated, 'case')} could not be converted again, and {agreeing(outdated, 'was', 'were')}"
    return [*told, *([f"{again} measured as the store has {agreeing(outdated, 'it', 'them')}"] if outdated else [])]


def _extent(extent: Extent) -> str:
    missing = len(extent.apart.missing)
    told = [
        (True, f"{counted(extent.rows, 'row')} of features came of {counted(extent.cases, 'case')}."),
        (extent.selected, "These cases are a selection from the cohort."),
        (extent.chosen, "The table of cases chose the label, or the channel of the mask, of some."),
        (missing, f"{_images(missing)} left out, as files were not there."),
        (extent.bare, f"{_images(extent.bare)} not measured, for want of a mask."),
        (extent.failures, f"{cases_or_regions(extent.failures)} could not be measured."),
        (extent.apart.is_lacking, _lacking(extent.apart)),
    ]
    return " ".join(sentence for is_so, sentence in told if is_so)
