"""Every setting with its values, default and effect, from the models: on a terminal, as CSV, and as a page."""

import ast
import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass, replace
from inspect import getsource
from itertools import pairwise
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from voxmill.errors import SettingsError, brief, nearest
from voxmill.image_types import IMAGE_TYPES, ImageType
from voxmill.measuring_settings import MOST
from voxmill.models import Model
from voxmill.settings import BELOW, HOLDERS, Settings

Schema = Mapping[str, Any]

HEADINGS = ("setting", "values", "default", "effect")
NONE, NEEDED = "–", "needed"
EXAMPLES: Mapping[str, str] = {
    "normalise": "normalise: {scale: 100, outliers: 3}   # or: normalise: true",
    "resample": "resample: {spacing_mm: [1, 1, 1], interpolator: linear}",
    "crop": "crop: {margin_voxels: 10}              # or: crop: true",
    "resegment": "resegment: {range: [-3, 3], mode: sigma}",
    "discretise": "discretise: {bin_count: 64}",
    "images": "images: {original: {}, log: {sigma_mm: [1.0, 3.0], discretise: {bin_width: 5}}, wavelet: {}}",
    "components": "components: {min_volume_mm3: 50}        # or: components: true",
}
"""A line of YAML for every setting that holds others."""
IMAGE_PLACES = tuple(f"images.{name}" for name in IMAGE_TYPES)
HEAD = """\
# Settings

Made from the models by `voxmill settings --markdown`. Settings are a YAML or JSON file (`voxmill extract --settings
FILE`), a mapping, or `vm.Settings` in Python. What is left out has its default; an unknown name is an error that names
the nearest one. A parameter file of PyRadiomics is taken as it is:
[coming from PyRadiomics](coming-from-pyradiomics.md).

```yaml
profile: pyradiomics               # the values to start from; the only one so far
resample: {spacing_mm: [1, 1, 1]}
resegment: {range: [-200, 300]}
discretise: {bin_width: 10}
features: {firstorder: all, glcm: [Contrast, JointEntropy]}
labels: [tumour, 3, "GTV*", whole]
unions: {whole: [1, 2, 4]}
```

Steps are done in the order of this table, whatever their order in the file: normalise, resample, crop, resegment,
discretise. In a file True is `true` and None is `null`; where the default is –, None is the same as leaving it out.

## All
"""


@dataclass(frozen=True)
class Entry:
    """A setting: its name (`resample.spacing_mm` for one below another), values, default and effect, as text."""

    name: str
    values: str
    default: str
    effect: str


@dataclass(frozen=True)
class Group:
    """A setting, those below it, and what these are about."""

    entry: Entry
    below: tuple[Entry, ...] = ()
    about: str = ""

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The setting and those below it."""
        return (self.entry, *self.below)


def groups(name: str | None = None) -> tuple[Group, ...]:
    """All settings in the order of the model, or the one of this name; raises SettingsError where there is none.

    One below another (`resample.spacing_mm`, `images.log`, or `log` alone) is the other with those of this name only;
    an image type also has what all image types may have.
    """
    found = {entry.name: _group(entry) for entry in _entries(Settings)}
    if name is None:
        return tuple(found.values())
    if name in found:
        return (found[name],)
    place = BELOW.get(name, name)
    above = found.get(place.partition(".")[0])
    below = () if above is None else tuple(entry for entry in above.below if _lies_in(entry, place))
    if above is None or not below:
        raise SettingsError(f"unknown setting {brief(name)}{nearest(name, [*found, *BELOW], shown=BELOW)}")
    return (replace(above, below=below),)


def _lies_in(entry: Entry, place: str) -> bool:
    return entry.name == place or (place in IMAGE_PLACES and entry.name.startswith((f"{place}.", "images.TYPE.")))


def _group(entry: Entry) -> Group:
    if entry.name == "images":
        return Group(entry, tuple(_image_entries()), "What every image type may have of its own, and what each has.")
    model = HOLDERS.get(entry.name)
    return Group(entry) if model is None else Group(entry, tuple(_entries(model, entry.name)), _line(model.__doc__))


def _image_entries() -> Iterator[Entry]:
    shared = set(ImageType.model_fields)
    yield from (replace(entry, default="as for all") for entry in _entries(ImageType, "images.TYPE"))
    for name, model in IMAGE_TYPES.items():
        for entry in _entries(model, f"images.{name}"):
            if entry.name.rpartition(".")[2] not in shared:
                yield entry


def _entries(model: type[Model], parent: str = "") -> Iterator[Entry]:
    schema, effects = model.model_json_schema(), _docstrings(model)
    for name, described in schema["properties"].items():
        values = " or ".join(_values(one) for one in _choices(described))
        default = NEEDED if name in schema.get("required", ()) else _plain(described["default"])
        yield Entry(f"{parent}.{name}".lstrip("."), values, default, _line(effects[name]))


def _docstrings(model: type[Model]) -> dict[str, str]:
    """What stands below every field in the source; pydantic would read it at every import, which takes 14 ms."""
    (definition,) = ast.parse(getsource(model)).body
    found = _docstrings(ImageType) if model in IMAGE_TYPES.values() else {}
    for field, text in pairwise(getattr(definition, "body", ())):
        match field, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(said))):
                found[name] = said
    return found


def _choices(described: Schema) -> list[Schema]:
    """What a value may be, one by one, without null."""
    return [one for one in described.get("anyOf", [described]) if one.get("type") != "null"]


def _values(schema: Schema) -> str:
    """A kind of values in words."""
    if "$ref" in schema:
        return "settings below it"
    if "enum" in schema:
        *first, last = map(str, schema["enum"])
        return f"{', '.join(first)} or {last}"
    kind = schema["type"]
    if kind == "array":
        return f"list ({' or '.join(_values(one) for one in _choices(schema['items']))})"
    if kind == "object":
        each = schema["additionalProperties"]
        return f"names, each with {'settings' if '$ref' in each else f'a {_values(each)}'}"
    return KINDS[kind] + _range(schema)


KINDS: Mapping[str, str] = {
    "number": "number",
    "integer": "whole number",
    "boolean": "true or false",
    "string": "text",
}


def _range(schema: Schema) -> str:
    low, high = schema.get("ge"), schema.get("le", MOST)
    if "gt" in schema:
        return f" > {schema['gt']:,}"
    if low is None:
        return ""
    return f" ≥ {low:,}" if high == MOST else f", {low:,} to {high:,}"


def _plain(default: object) -> str:
    """A default as in a YAML file."""
    if isinstance(default, Mapping):
        given = {name: value for name, value in default.items() if value is not None}
        return ", ".join(f"{name}: {_plain(value)}" if value != {} else name for name, value in given.items()) or NONE
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, list):
        return str(default) if default else NONE
    return f"{default:g}" if isinstance(default, float) else NONE if default is None else str(default)


def _line(text: str | None) -> str:
    return " ".join((text or "").split())


def show_settings(shown: tuple[Group, ...]) -> None:
    """A table: names on the left; effects, values and defaults on the right."""
    grid = Grid(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    grid.add_column("setting", no_wrap=True)
    grid.add_column("effect, values, default")
    for group in shown:
        for entry in group.entries:
            parent, _, name = entry.name.rpartition(".") if entry.name.count(".") < 2 else entry.name.partition(".")
            said = Text(entry.effect + "\n").append(f"{entry.values}; {_expected(entry)}", style="dim")
            grid.add_row(Text(f"  {name}" if parent else name, style="" if parent else "bold"), said)
    Console().print(grid)


def _expected(entry: Entry) -> str:
    return NEEDED if entry.default == NEEDED else f"default {entry.default}"


def settings_csv(shown: tuple[Group, ...]) -> str:
    """Name, values, default and effect of every setting; those below another as `resample.spacing_mm`."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADINGS)
    writer.writerows(astuple(entry) for group in shown for entry in group.entries)
    return text.getvalue()


def settings_markdown(shown: tuple[Group, ...]) -> str:
    """All settings as a page: `docs/settings.md`."""
    lines = [HEAD, *_table(group.entry for group in shown)]
    for group in shown:
        if group.below:
            name = group.entry.name
            lines += ["", f"## {name}", "", group.about, "", "```yaml", EXAMPLES[name], "```", "", *_table(group.below)]
    return "\n".join(lines) + "\n"


def _table(entries: Iterable[Entry]) -> Iterator[str]:
    yield f"| {' | '.join(HEADINGS)} |"
    yield "|---|---|---|---|"
    for entry in entries:
        name = entry.name.partition(".")[2] or entry.name
        shown = f"[{name}](#{name})" if name in EXAMPLES else name
        cells = (shown, entry.values, entry.default, entry.effect)
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
