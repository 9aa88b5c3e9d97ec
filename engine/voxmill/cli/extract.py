"""`voxmill extract`: one image and its mask, or a store → a table."""

# No `from __future__ import annotations` here: typer reads the annotations.
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voxmill.errors import InputError, SettingsError

if TYPE_CHECKING:
    from voxmill.settings import Settings
    from voxmill.table import Table

EXAMPLES = """\b
For example:
  voxmill extract ct.nii.gz tumour.nii.gz
  voxmill extract ct.nrrd segments.seg.nrrd --label tumour --out features.csv
  voxmill extract ct.nrrd segments.nrrd -l 1 -l 3 --settings Params.yaml
  voxmill extract ct.nrrd segments.seg.nrrd -l "GTV*" --union targets=GTVp,GTVn --components 50
  voxmill extract ct_study/ plan.dcm --series "*thorax*" --allow-gaps
  voxmill extract STORE --case patient-1 --out features.parquet
"""


def extract(
    image: Annotated[
        Path,
        typer.Argument(
            metavar="IMAGE",
            help="Image: NIfTI, NRRD, MetaImage, or DICOM (a file or folder); or a store, without MASK.",
        ),
    ],
    mask: Annotated[
        Path | None,
        typer.Argument(metavar="[MASK]", help="Mask of the image; every label is a region.", show_default=False),
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(
            "--label",
            "--region",
            "-l",
            metavar="LABEL",
            help="Only this label, by number, name or pattern of names ('GTV*'), or this union; may be repeated.",
            show_default=False,
        ),
    ] = None,
    union: Annotated[
        list[str] | None,
        typer.Option(
            "--union",
            metavar="NAME=LABEL,...",
            help="Also these labels as one region of that name, in place of the unions of the settings; may be "
            "repeated.",
            show_default=False,
        ),
    ] = None,
    components: Annotated[
        float | None,
        typer.Option(
            "--components",
            metavar="MM3",
            help="Split every region into its connected components of this many mm³ at least (0: all of them).",
            show_default=False,
        ),
    ] = None,
    series: Annotated[
        str | None,
        typer.Option(
            "--series",
            metavar="SERIES",
            help="Which series of a folder of DICOM: its UID or number, or a pattern of descriptions ('*thorax*').",
            show_default=False,
        ),
    ] = None,
    case: Annotated[
        list[str] | None,
        typer.Option(
            "--case", metavar="NAME", help="Only this case of the store; may be repeated.", show_default=False
        ),
    ] = None,
    settings: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="YAML file: settings of Voxmill, or a parameter file of PyRadiomics. "
            "Without one: PyRadiomics' defaults (original image, all features, bin width 25).",
            show_default=False,
        ),
    ] = None,
    device: Annotated[
        str,
        typer.Option(
            metavar="DEVICE", help="Where to compute: cpu, gpu, or auto, a GPU where one works (see `voxmill devices`)."
        ),
    ] = "auto",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="FILE", help="Write to this .json, .csv or .parquet file.", show_default=False
        ),
    ] = None,
    save_images: Annotated[
        Path | None,
        typer.Option(
            "--save-images",
            metavar="DIR",
            help="Also write what every region was measured in, after all steps and filters, as NRRD files.",
            show_default=False,
        ),
    ] = None,
    threads: Annotated[int, typer.Option(metavar="N", help="How many regions to measure at a time.")] = 1,
    *,
    allow_gaps: Annotated[
        bool,
        typer.Option(
            "--allow-gaps", help="Make up for missing slices of DICOM by linear interpolation; notes say which."
        ),
    ] = False,
    profile: Annotated[
        bool,
        typer.Option("--profile", help="Also tell where time and memory go, stage by stage, with one thread."),
    ] = False,
) -> None:
    """Extract the features of every region of MASK in IMAGE, or of every image and mask of a store.

    Shows a table on a terminal, and CSV when piped.
    """
    for_files = {
        "--profile": profile,
        "--save-images": save_images is not None,
        "--series": series is not None,
        "--allow-gaps": allow_gaps,
    }
    _require_sense((image, mask), out, for_files, has_cases=bool(case))
    from voxmill.cli.show import compiling

    bare: list[str] = []
    lacking: list[str] = []
    with compiling():
        from voxmill.settings import parse_settings

        chosen = _with_options(parse_settings(settings), union, components)
        asked = _Asked(chosen, label or None, series, allow_gaps, device, threads)
        if mask is None:
            table = _from_store(image, case or None, asked, bare.append)
            lacking = [] if case else _lacking(image)
        else:
            table = _from_files(image, mask, asked, profiled=profile)
        if mask is not None and save_images is not None:
            _save_images(image, mask, save_images, asked)
    _give(table, out)
    _tell_rest(table, bare, lacking)
    if device == "auto":
        _tell_fault()
    if table.failed or lacking:
        raise typer.Exit(3 if len(table.failed) == len(table.rows) else 1)


def _require_sense(
    read: tuple[Path, Path | None], out: Path | None, for_files: Mapping[str, bool], *, has_cases: bool
) -> None:
    """Raise InputError or SettingsError for what makes no sense, before anything that takes time is loaded."""
    image, mask = read
    if out is not None:
        from voxmill.table import parse_output

        parse_output(out)
    if mask is None:
        _refuse_file_options(for_files)
    elif has_cases:
        raise SettingsError("--case chooses cases of a store; leave it out, or give a store alone")
    else:
        _require_there(image, mask)


def _give(table: "Table", out: Path | None) -> None:
    """The rows, to where they are wanted."""
    from voxmill.cli.show import show_table
    from voxmill.cli.streams import emit, on_terminal, tell

    if out is not None:
        table.write(out)
        tell(f"{table.summary}: {out}{f'; {table.remarks}: see `notes` there' if table.remarks else ''}")
    elif on_terminal():
        show_table(table)
    else:
        emit(table.to_csv())


def _tell_rest(table: "Table", bare: list[str], lacking: list[str]) -> None:
    """Tell what has no features, and why."""
    from voxmill.cli.streams import tell
    from voxmill.errors import counted

    for row in table.failed:
        tell(f"{row.called}: {str(row.error).removeprefix(f'{row.case}: ')}")
    if bare:
        tell(f"{counted(len(bare), 'image')} without a mask in the store: nothing to measure there")
    for clause in lacking:
        tell(clause)


def _tell_fault() -> None:
    """Tell why it was computed on the CPU where a GPU is expected to work."""
    from voxmill.cli.streams import tell
    from voxmill.computing import ON_CPU, find_gpu

    if fault := find_gpu().fault:
        tell(f"{ON_CPU}{fault}")


def _require_there(*paths: Path) -> None:
    """Raise InputError for the first path where nothing is."""
    from voxmill.io.files import file_size

    for path in paths:
        if not os.path.exists(path):
            file_size(path)


@dataclass(frozen=True)
class _Asked:
    """What the command line says about an extraction."""

    settings: "Settings"
    labels: list[str] | None
    series: str | None
    allow_gaps: bool
    device: str
    threads: int


def _from_files(image: Path, mask: Path, asked: _Asked, *, profiled: bool) -> "Table":
    from voxmill.cli.profile import profile_extraction
    from voxmill.computing import parse_threads
    from voxmill.extraction import extract as extract_regions

    run = partial(
        extract_regions,
        image,
        mask,
        settings=asked.settings,
        labels=asked.labels,
        series=asked.series,
        allow_gaps=asked.allow_gaps,
        device=asked.device,
    )
    threads = parse_threads(asked.threads)
    return profile_extraction(run) if profiled else run(threads=threads)


def _save_images(image: Path, mask: Path, folder: Path, asked: _Asked) -> None:
    """Write what regions were measured in."""
    from voxmill.cases import open_image
    from voxmill.cli.streams import tell
    from voxmill.errors import counted
    from voxmill.saved_images import save_images

    opened = open_image(image, series=asked.series, allow_gaps=asked.allow_gaps)
    files = save_images(opened, mask, folder, settings=asked.settings, labels=asked.labels)
    tell(f"{counted(len(files), 'file')}: {folder}")


def _from_store(path: Path, cases: list[str] | None, asked: _Asked, bare: Callable[[str], None]) -> "Table":
    """Every case of a store, with a bar on a terminal; raises InputError where there is nothing to measure."""
    from voxmill.cli.show import counting
    from voxmill.cohort import extract_store, wanted_cases
    from voxmill.store import is_store, open_store

    if not path.is_dir() and not is_store(path) and path.exists():
        raise SettingsError(f"{path.name}: give its MASK too, or a store alone")
    store = open_store(path)
    with counting(len(wanted_cases(store, cases)), "cases") as done:
        table = extract_store(
            store,
            settings=asked.settings,
            labels=asked.labels,
            cases=cases,
            device=asked.device,
            threads=asked.threads,
            done=done,
            bare=bare,
        )
    if not table.rows:
        raise InputError(
            f"{path.name}: there is nothing to measure: no image has a mask; convert them with their masks"
        )
    return table


def _lacking(path: Path) -> list[str]:
    """What conversion could not bring into a store, in words, and where it says why."""
    from voxmill.cohort.lost import lost_in
    from voxmill.cohort.methods import lacking
    from voxmill.store import open_store
    from voxmill.store.layout import FAILURES

    return [f"{clause}; why: {path / FAILURES}" for clause in lacking(lost_in(open_store(path), lambda _: True))]


def _refuse_file_options(given: Mapping[str, bool]) -> None:
    for name, is_given in given.items():
        if is_given:
            raise SettingsError(f"{name} is for one image and its MASK, not for a store; leave it out")


def _with_options(settings: "Settings", unions: list[str] | None, components: float | None) -> "Settings":
    """The settings with what the command line says about regions."""
    values: dict[str, object] = {}
    if unions:
        values["unions"] = _parse_unions(unions)
    if components is not None:
        values["components"] = {**dict(settings.components or {}), "min_volume_mm3": components}
    return settings.changed(values) if values else settings


def _parse_unions(options: list[str]) -> dict[str, list[str]]:
    """The labels of every union, as numbers or names, without the spaces around them; raises SettingsError."""
    unions: dict[str, list[str]] = {}
    for option in options:
        name, sign, labels = option.partition("=")
        if not sign:
            raise SettingsError(f"--union: give NAME=LABEL,LABEL; found {option!r}")
        if name in unions:
            raise SettingsError(f"--union: {name!r} is given twice; list all its labels at once")
        unions[name] = [label.strip() for label in labels.split(",")]
    return unions
