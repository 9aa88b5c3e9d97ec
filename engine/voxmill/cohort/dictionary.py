"""What every column of features.parquet means: dictionary.csv, and its description as CSVW."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from voxmill.cohort.layout import DICTIONARY, DICTIONARY_METADATA, Layout
from voxmill.columns import FIRST, KNOWN, LAST
from voxmill.drafts import draft_of

COLUMNS: Mapping[str, str] = {
    "name": "The column of features.parquet.",
    "image_type": "The image that the feature is of: original, or a filtered one.",
    "family": "The family of the feature.",
    "feature": "The name of the feature in PyRadiomics.",
    "ibsi": "Its code in the Image Biomarker Standardisation Initiative; empty where it has none.",
    "unit": "Its unit: 1 for a pure number, I for the unit of the image that it is of.",
    "definition": "How it is computed, or what the column holds.",
    "source": "Where the definition is from.",
}
"""The columns of the dictionary, and what they hold."""
CARRIED = "Carried through from the table of cases."
DIAGNOSTIC = "PyRadiomics' column of the same name."

Line = tuple[str, ...]


def write_dictionary(folder: Path, layout: Layout) -> None:
    """Write the dictionary of a table and its metadata; raises OutputError where that is impossible."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_lines(layout))
    with draft_of(folder / DICTIONARY) as draft:
        draft.write_text(text.getvalue(), encoding="utf-8", newline="")
    with draft_of(folder / DICTIONARY_METADATA) as draft:
        draft.write_text(json.dumps(_metadata(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _lines(layout: Layout) -> Iterator[Line]:
    """A line for every column, in their order."""
    yield from (_plain(name, meaning) for name, meaning in FIRST.items())
    yield from (_plain(field.name, CARRIED) for field in layout.further or ())
    yield from (_plain(name, DIAGNOSTIC) for name in layout.diagnostics)
    for name in layout.features:
        image_type, _, full_name = name.partition("_")
        one = KNOWN[full_name]
        yield name, image_type, one.family, one.name, one.ibsi, one.unit, one.definition, one.source
    yield from (_plain(name, meaning) for name, meaning in LAST.items())


def _plain(name: str, meaning: str) -> Line:
    """The line of a column that is no feature."""
    return name, "", "", "", "", "", meaning, ""


def _metadata() -> dict[str, object]:
    """Metadata Vocabulary for Tabular Data (W3C, 2015), section 5."""
    columns = [
        {"name": name, "titles": name, "datatype": "string", "dc:description": meaning, "required": name == "name"}
        for name, meaning in COLUMNS.items()
    ]
    return {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "en"}],
        "url": DICTIONARY,
        "dc:title": "What the columns of features.parquet mean",
        "dialect": {"header": True, "encoding": "utf-8", "delimiter": ","},
        "tableSchema": {"columns": columns, "primaryKey": "name"},
    }
