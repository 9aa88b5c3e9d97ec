"""What a person sees of a table."""

import io
import math

import pytest
from rich.console import Console

import voxmill as vm
from small_images import case
from voxmill.cli.show import format_value, show_table
from voxmill.cli.streams import printable


def shown(table: vm.Table, width: int = 80) -> list[str]:
    """The lines on a terminal of this width."""
    screen = io.StringIO()
    show_table(table, Console(file=screen, width=width, force_terminal=True, color_system=None))
    return [line.rstrip() for line in screen.getvalue().splitlines()]


def row(region: str, case: str = "scan", **changes: object) -> vm.Row:
    features = {"original_glcm_Contrast": 1234.5678, "original_shape_MeshVolume": 2.0}
    return vm.Row(case, region, features, **changes)  # type: ignore[arg-type]


def many(*regions: str) -> vm.Table:
    return vm.Table(tuple(map(row, regions)), vm.Settings())


def test_a_table_of_an_extraction() -> None:
    table = vm.extract(*case())
    lines = shown(table)
    assert max(map(len, lines)) <= 80
    assert lines[0].split() == ["scan", "scan"]
    assert lines[1].split() == ["feature", "unit", "1", "node"]
    names = [line.split()[0] for line in lines[2:] if line.startswith("  ")]
    assert names == [name.split("_")[2] for name in table.columns]
    volume = next(line for line in lines if line.strip().startswith("MeshVolume"))
    assert volume.split() == [
        "MeshVolume",
        "mm³",
        *(format_value(one.features["original_shape_MeshVolume"]) for one in table.rows),
    ]


def test_it_says_that_these_are_the_defaults_of_pyradiomics() -> None:
    text = " ".join(shown(many("1")))
    assert "PyRadiomics' defaults: original image, bin width 25." in text
    assert "original_glcm_Contrast" in text
    other = vm.Table((row("1"),), vm.Settings.parse({"discretise": {"bin_count": 64}}))
    text = " ".join(shown(other))
    assert "Settings: original image, 64 bins." in text
    assert "PyRadiomics" not in text
    chosen = vm.Table((row("1"),), vm.Settings.parse({"labels": 1, "features": "glcm"}))
    assert "PyRadiomics' defaults" in " ".join(shown(chosen))


@pytest.mark.parametrize("width, count", [(20, 1), (40, 1), (50, 1), (64, 1), (66, 1), (80, 2), (120, 4)])
def test_as_many_regions_as_fit(width: int, count: int) -> None:
    regions = [f"region-{n}" for n in range(9)]
    table = many(*regions)
    table = vm.Table((*table.rows, vm.Row("scan", "full", vm.extract(*case()).rows[0].features)), table.settings)
    lines = shown(table, width)
    assert max(map(len, lines)) <= width
    heading = next(line for line in lines if "region-0" in line)
    assert [region for region in regions if region in heading] == regions[:count]
    assert ("unit" in heading) == (width >= 60)
    assert any("1,234.57" in line for line in lines)
    names = "".join(line[: width - 15].strip() for line in lines)
    assert "GrayLevelNonUniformityNormalized" in names
    rest = " ".join(lines).split(" more: ")
    assert len(rest) == 2
    assert rest[0].endswith(str(10 - count))
    assert [region for region in regions if region in rest[1]] == regions[count:]
    assert "--label" in rest[1]
    assert "--out" in rest[1]


def test_notes_are_shown_and_failed_rows_are_not() -> None:
    failed = vm.Row("scan", "dot", {}, error="region dot: 1 voxel")
    table = vm.Table((row("node", notes=("no two voxels are neighbours",)), failed), vm.Settings())
    lines = shown(table)
    assert "node: no two voxels are neighbours" in lines
    assert "dot" not in " ".join(lines)
    assert shown(vm.Table((failed,), vm.Settings())) == []


@pytest.mark.parametrize("name", ["[red]tumour[/red]", "[/x]", ":smile:", "a[1]", "\x1b[31mred", "two\nlines"])
def test_names_are_shown_as_they_are(name: str) -> None:
    table = vm.Table((row(name, name, notes=(f"about {name}",)),), vm.Settings())
    text = "\n".join(shown(table, 200))
    assert text.count(printable(name)) == 4
    assert "\x1b" not in printable(name)


def test_long_names_do_not_push_values_away() -> None:
    lines = shown(many("a-very-long-name-of-a-region-" * 3, "other"), 80)
    assert max(map(len, lines)) <= 80
    assert any("1,234.57" in line for line in lines)


@pytest.mark.parametrize(
    "value, text",
    [
        (None, ""),
        (math.nan, "undefined"),
        (0.0, "0"),
        (1234567.8, "1.23457e+06"),
        (123456.78, "123,457"),
        (-0.000012345678, "-1.23457e-05"),
        (math.inf, "inf"),
    ],
)
def test_numbers(value: float | None, text: str) -> None:
    assert format_value(value) == text


def test_printable() -> None:
    assert printable("a\tb\nc\u2028d\x1b\udcff Größe 瘤") == "a b c d?? Größe 瘤"
