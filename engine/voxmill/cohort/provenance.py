"""How a run was done: run.json for programs, and an RO-Crate that describes the folder as the result of a process."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from voxmill._version import __version__
from voxmill.cohort.device import TOLD
from voxmill.cohort.layout import (
    CRATE,
    CSV,
    DICTIONARY,
    DICTIONARY_METADATA,
    FAILURES,
    FEATURES,
    INPUTS,
    LONG,
    METHODS,
    RUN,
)
from voxmill.cohort.versions import machine, versions
from voxmill.computing import CPU_NAME
from voxmill.drafts import draft_of
from voxmill.errors import counted
from voxmill.settings import Settings

FORMAT_VERSION = 1
CONTEXT = "https://w3id.org/ro/crate/1.1/context"
SPECIFICATION = "https://w3id.org/ro/crate/1.1"
PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
PACKAGE = f"pkg:pypi/voxmill@{__version__}"
"""A package URL: which distribution it is, wherever it came from."""
ABOUT: Mapping[str, tuple[str, str]] = {
    FEATURES: ("application/vnd.apache.parquet", "Features: a row per case, image, mask and region."),
    LONG: ("application/vnd.apache.parquet", "The same features: a row per value."),
    CSV: ("text/csv", "The same features as CSV."),
    FAILURES: ("application/vnd.apache.parquet", "What could not be measured, and why."),
    INPUTS: ("application/vnd.apache.parquet", "SHA-256 of every image and mask that was measured."),
    DICTIONARY: ("text/csv", "What every column of the features means."),
    DICTIONARY_METADATA: ("application/csvm+json", "Metadata of the dictionary: CSV on the Web."),
    METHODS: ("text/markdown", "What was done, as a paragraph for a paper."),
    RUN: ("application/json", "Settings, versions, machine and times of the run."),
}
"""The files of a run: media type and description."""


@dataclass(frozen=True)
class Account:
    """What is told of a run. begun: when, in UTC. asked, counts, took: options, numbers and costs, by name.

    measured_with: all versions of software that its cases were measured with, by name. device: cpu, gpu, or auto for
    both; measured_on: how many cases each device has measured, by name; fault: why it was the CPU where a GPU of this
    machine is expected to work.
    """

    settings: Settings
    fingerprint: str
    begun: datetime
    source: str
    asked: Mapping[str, Any] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    took: Mapping[str, Any] = field(default_factory=dict)
    measured_with: Mapping[str, Sequence[str]] = field(default_factory=dict)
    device: str = CPU_NAME
    fault: str = ""
    measured_on: Mapping[str, int] = field(default_factory=dict)


def write_account(folder: Path, account: Account, files: Sequence[str]) -> None:
    """Write the crate and run.json about the files of a run; raises OutputError where that is impossible."""
    ended = datetime.now(UTC)
    digests = {name: _sha256(folder / name) for name in files}
    run = _run(account, ended, digests)
    with draft_of(folder / CRATE) as draft:
        draft.write_text(_json(_crate(folder, account, ended, files)), encoding="utf-8")
    with draft_of(folder / RUN) as draft:
        draft.write_text(_json(run), encoding="utf-8")


def _run(account: Account, ended: datetime, digests: Mapping[str, str]) -> dict[str, Any]:
    return {
        "format_version": FORMAT_VERSION,
        "fingerprint": account.fingerprint,
        "source": account.source,
        "settings": account.settings.model_dump(mode="json"),
        "asked": dict(account.asked),
        "device": TOLD[account.device],
        "gpu_fault": account.fault,
        "measured_on": dict(account.measured_on),
        "versions": dict(versions()),
        "measured_with": dict(account.measured_with),
        "machine": machine(),
        "begun": account.begun.isoformat(timespec="seconds"),
        "ended": ended.isoformat(timespec="seconds"),
        "counts": dict(account.counts),
        "took": dict(account.took),
        "inputs": {"table": INPUTS, "sha256": digests[INPUTS]},
        "outputs": dict(digests),
    }


def _crate(folder: Path, account: Account, ended: datetime, files: Sequence[str]) -> dict[str, Any]:
    """RO-Crate 1.1 with the profile Process Run Crate 0.5: a process, what it read, what it wrote."""
    names = (*files, RUN)
    parts = [{"@id": name} for name in names]
    about = {"@id": CRATE, "@type": "CreativeWork", "about": {"@id": "./"}, "conformsTo": {"@id": SPECIFICATION}}
    results = {**_results(account, ended), "hasPart": parts}
    action = {**_action(account, ended), "result": parts}
    described = [_file(folder, name) for name in names]
    return {"@context": CONTEXT, "@graph": [about, results, *NAMED, _cohort(account), action, *described]}


NAMED: Sequence[Mapping[str, Any]] = (
    {"@id": PROFILE, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"},
    {
        "@id": "#license",
        "@type": "CreativeWork",
        "name": "Not stated",
        "description": "Whoever owns the images decides.",
    },
    {
        "@id": "#voxmill",
        "@type": "SoftwareApplication",
        "name": "Voxmill",
        "identifier": PACKAGE,
        "softwareVersion": __version__,
    },
)
"""What is the same in every crate of this version."""


def _results(account: Account, ended: datetime) -> dict[str, Any]:
    """The folder, but for its parts."""
    counts = account.counts
    return {
        "@id": "./",
        "@type": "Dataset",
        "name": "Radiomics features of a cohort",
        "description": f"Features of {counted(counts['rows'], 'region')} of "
        f"{counted(counts['measured'], 'case')}, out of {counts['cases']:,}.",
        "datePublished": ended.isoformat(timespec="seconds"),
        "license": {"@id": "#license"},
        "conformsTo": {"@id": PROFILE},
        "mentions": {"@id": "#run"},
    }


def _cohort(account: Account) -> dict[str, Any]:
    return {
        "@id": "#cohort",
        "@type": "CreativeWork",
        "name": f"A cohort of {counted(account.counts['cases'], 'case')}, out of a {account.source}",
        "description": f"The SHA-256 of every image and mask is in {INPUTS}.",
    }


def _action(account: Account, ended: datetime) -> dict[str, Any]:
    """The run, but for what came of it."""
    return {
        "@id": "#run",
        "@type": "CreateAction",
        "name": "voxmill run",
        "description": f"Extraction of radiomics features; settings and machine are in {RUN}.",
        "instrument": {"@id": "#voxmill"},
        "object": {"@id": "#cohort"},
        "startTime": account.begun.isoformat(timespec="seconds"),
        "endTime": ended.isoformat(timespec="seconds"),
        "actionStatus": "http://schema.org/CompletedActionStatus",
    }


def _file(folder: Path, name: str) -> dict[str, Any]:
    """A file of the run; of run.json, which comes last, without its size."""
    kind, description = ABOUT[name]
    size = {} if name == RUN else {"contentSize": str((folder / name).stat().st_size)}
    return {"@id": name, "@type": "File", "name": name, "description": description, "encodingFormat": kind, **size}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _json(values: Mapping[str, Any]) -> str:
    return json.dumps(values, indent=1, ensure_ascii=False) + "\n"
