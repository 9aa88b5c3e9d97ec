"""`voxmill compare`: one case in Voxmill and in PyRadiomics, side by side."""

# No `from __future__ import annotations` here: typer reads the annotations.
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voxmill.comparison import Comparison


def compare(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="Image: NIfTI, NRRD or MetaImage.")],
    mask: Annotated[Path, typer.Argument(metavar="MASK", help="Mask on the same grid.")],
    label: Annotated[
        int | None,
        typer.Option("--label", "-l", metavar="N", help="The label; the settings' or 1.", show_default=False),
    ] = None,
    settings: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A parameter file of PyRadiomics.", show_default=False)
    ] = None,
    python: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="The Python that has PyRadiomics; else this one.", show_default=False),
    ] = None,
) -> None:
    """Measure a region here and with PyRadiomics; show what differs, by how much, and both times.

    Exit code 1 where features differ by more than a millionth of their natural scale, or one of both has images that
    the other does not make. The natural scale is the value; of means, medians, percentiles and extremes the deviation
    of the region in that image; of skewness and correlations one.
    """
    from voxmill.cli.show import compiling
    from voxmill.cli.streams import emit

    with compiling():
        from voxmill.comparison import compare as compare_case

        found = compare_case(image, mask, parameters=settings, label=label, python=python)
    emit("\n".join(_lines(found)) + "\n")
    raise typer.Exit(1 if found.differing or found.lacking else 0)


def _lines(found: "Comparison") -> "Iterator[str]":
    from voxmill.cli.streams import printable
    from voxmill.errors import counted

    if found.differing:
        width = max(len(pair.name) for pair in found.differing)
        yield f"{'feature':{width}}  {'Voxmill':>22}  {'PyRadiomics':>22}  {'relative':>8}"
        for pair in found.differing:
            yield f"{pair.name:{width}}  {_number(pair.ours):>22}  {_number(pair.theirs):>22}  {pair.apart:8.1e}"
        yield ""
    for lacking in found.lacking:
        yield f"{lacking.program} does not make {', '.join(lacking.images)} ({counted(lacking.features, 'feature')})"
    if found.lacking:
        yield from (f"PyRadiomics says: {printable(one)}" for one in found.said)
    agreeing = f"{len(found.agreeing)} of {len(found.shared)} features agree within 1e-6 of their natural scale"
    yield agreeing + _farthest(found)
    yield (
        f"Voxmill {found.ours_s:.3f} s, PyRadiomics {found.version} {found.theirs_s:.3f} s "
        f"({found.theirs_s / found.ours_s:.0f} times as long), for reading and measuring, without starting up"
    )


def _farthest(found: "Comparison") -> str:
    farthest = found.agreeing[0] if found.agreeing else None
    return (
        f"; the farthest apart of these: {farthest.name}, by {farthest.apart:.1e}"
        if farthest and farthest.apart
        else ""
    )


def _number(value: float | None) -> str:
    return "none" if value is None else repr(value)
