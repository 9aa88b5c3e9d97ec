"""PyRadiomics' command line on this engine: its arguments in, its layouts out."""

import argparse
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, TextIO

import voxmill.pyradiomics as radiomics
from voxmill.errors import InputError, OutputError, SettingsError, brief, nearest
from voxmill.pyradiomics.cases import Case, Result, Work, is_batch, read_cases, results_of
from voxmill.pyradiomics.featureextractor import RadiomicsFeatureExtractor
from voxmill.pyradiomics.layouts import Layout, write
from voxmill.pyradiomics.logs import Log
from voxmill.pyradiomics_keys import SETTING, Flag, Number, Several, Value

SOME_FAILED, ALL_FAILED = 1, 3


def run(options: argparse.Namespace) -> int:
    """Extract what the parsed arguments of `voxmill pyradiomics` ask for, and give our exit code.

    0: all done, 1: some cases failed, 3: all of them did.
    Raises SettingsError, InputError and OutputError where nothing can be begun.
    """
    log = Log((6 - options.verbosity) * 10, getattr(logging, options.logging_level), options.log_file)
    with log.telling():
        cases = read_cases(options.input, options.mask)
        parameters = [] if options.param is None else [options.param]
        extractor = RadiomicsFeatureExtractor(*parameters, **_overrides(options))
        if options.validate:
            return _code(len(cases), sum(not _is_there(case) for case in cases))
        results = _written(cases, Work(extractor, _folder(options.out_dir), log), options)
    return _code(len(results), sum(result.failed for result in results))


def _written(cases: list[Case], work: Work, options: argparse.Namespace) -> list[Result]:
    layout = Layout(options.format, options.format_path, _start(options.input), options.unix_path, options.skip_nans)
    with _opened(options.out) as out:
        results = results_of(cases, work, jobs=options.jobs)
        write([result.columns for result in results], layout, out)
    return results


def _overrides(options: argparse.Namespace) -> dict[str, Any]:
    """The settings of --setting and --label; raises SettingsError for one that does not exist, or makes no sense."""
    found: dict[str, Any] = {}
    for option in options.setting:
        name, sign, value = option.partition(":")
        if not sign:
            raise SettingsError(f"--setting: give NAME:VALUE; found {brief(option)}")
        if name not in SETTING:
            raise SettingsError(f"--setting: unknown {brief(name)}{nearest(name, SETTING)}")
        found[name] = _parsed(f"--setting {name}", SETTING[name], value)
    return found if options.label is None else found | {"label": options.label}


def _parsed(key: str, kind: Value, text: str) -> object:
    """The value of a setting that is written as text, of the type that a parameter file has."""
    if isinstance(kind, Several):
        return kind.parse(key, text.split(","))
    if isinstance(kind, Flag):
        flags = {"1": True, "true": True, "0": False, "false": False}
        return kind.parse(key, flags.get(text.lower(), text))
    if isinstance(kind, Number):
        return kind.parse(key, text)
    return text


def _is_there(case: Case) -> bool:
    missing = [kind for kind in ("Image", "Mask") if not Path(case.columns[kind]).is_file()]
    for kind in missing:
        radiomics.logger.error("case %d: there is no such file: %s", case.number, Path(case.columns[kind]).name)
    return not missing


def _start(given: str) -> str:
    """The folder that relative paths start from."""
    return os.path.dirname(given) if is_batch(given) else os.getcwd()


def _folder(path: Path | None) -> Path | None:
    if path is not None:
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"--out-dir: {path.name} cannot be made: {error.strerror}") from None
    return path


@contextmanager
def _opened(path: Path | None) -> Iterator[TextIO]:
    """The file to append to, opened before any work is done; or standard output."""
    if path is None and sys.stdout is None:
        raise OutputError("standard output is closed; open it, or write to a file with --out")
    try:
        opened = nullcontext(sys.stdout) if path is None else path.open("a", encoding="utf-8", newline="")
    except OSError as error:
        raise OutputError(f"{path.name if path else ''}: cannot be written: {error.strerror}") from None
    with opened as out:
        yield out


def _code(cases: int, failed: int) -> int:
    if not cases:
        raise InputError("there is no case in the file; give it rows under its columns Image and Mask")
    return 0 if not failed else ALL_FAILED if failed == cases else SOME_FAILED
