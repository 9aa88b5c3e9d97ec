"""Records: what was measured, where, and on what; kept as JSON in `records/`."""

import datetime
import json
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

RECORDS = Path(__file__).parent / "records"

Record = dict[str, Any]


def surroundings() -> Record:
    """What a figure depends on: when, which commit, which machine, how busy."""
    return {
        "started": datetime.datetime.now(tz=datetime.UTC).isoformat(timespec="seconds"),
        "commit": _git("rev-parse", "HEAD"),
        "changed_since_commit": bool(_git("status", "--porcelain", "--", "engine", "kernels")),
        "machine": f"{_processor()}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.machine()}",
        "load": load(),
        "threads": 1,
    }


def load() -> list[float] | None:
    """The load over 1, 5 and 15 minutes, where the system tells."""
    return [round(one, 2) for one in os.getloadavg()] if hasattr(os, "getloadavg") else None


def write(record: Record, name: str) -> Path:
    """Keep a record under its date and a name."""
    RECORDS.mkdir(parents=True, exist_ok=True)
    path = RECORDS / f"{record['started'][:10]}-{name}.json"
    part = path.with_suffix(".part")
    part.write_text(json.dumps(record, indent=1) + "\n")
    return part.replace(path)


def newest(name: str) -> Record:
    """The record of a name that was started last; LookupError where there is none."""
    records = [json.loads(path.read_text()) for path in RECORDS.glob(f"*-{name}.json")]
    if not records:
        raise LookupError(f"no record yet: run benchmarks/run.py --record {name}")
    latest: Record = max(records, key=lambda record: str(record["started"]))
    return latest


def _git(*arguments: str) -> str:
    """What git says; nothing where there is none."""
    command = ["git", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[1], check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip()


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    models = [line.split(": ", 1)[1] for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()
