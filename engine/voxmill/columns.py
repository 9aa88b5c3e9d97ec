"""What the columns of a cohort's result are called, so that none that is carried through is called the same."""

from collections.abc import Mapping, Sequence

from voxmill.errors import InputError, several
from voxmill.table import PREFIX
from voxmill_kernels.features.catalogue import CATALOGUE

FIRST: Mapping[str, str] = {
    "case": "The case, as its source calls it.",
    "image": "Which image of the case.",
    "mask": "Which mask of the image.",
    "region": "The region: the name of a label, or its number, of a union of labels, or of a component.",
    "label": "The number of the label that the region is, or is a component of; empty for a union.",
}
"""The columns of features.parquet before those that are carried through, and what they hold."""
LAST: Mapping[str, str] = {"notes": "What a reader of the row should know."}
"""Those after the features."""
KNOWN = {feature.full_name: feature for feature in CATALOGUE}
"""Features by what stands in their columns after the image type and `_`."""


def require_free(source: str, names: Sequence[str]) -> None:
    """Raise InputError for columns of a table that have the name of one of the result."""
    taken = [name for name in names if _is_of_result(name)]
    if taken:
        raise InputError(f"{source}: {taken_names(taken)}")


def taken_names(columns: Sequence[str]) -> str:
    """What is said of columns that have the name of one of the result."""
    listed = several(columns, separator=", ")
    if len(columns) == 1:
        return f"column {listed} is called like one of the result; rename it"
    return f"columns {listed} are called like those of the result; rename them"


def _is_of_result(name: str) -> bool:
    return name in (*FIRST, *LAST) or name.startswith(PREFIX) or name.partition("_")[2] in KNOWN
