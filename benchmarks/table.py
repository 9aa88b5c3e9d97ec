"""README's table, made from a record: each tool's CPU time, its ratio to ours, and peak memory."""

from collections.abc import Callable, Mapping
from typing import Any

from records import Record
from tools import OURS, TOOLS

Result = Mapping[str, Any]
Cell = Callable[[Result, Result], str]


def markdown(record: Record) -> str:
    """Two tables, times and memory, and under them what they are of."""
    times = _table(record, "CPU time of all features", _time)
    return f"{times}\n\n{_table(record, 'Peak memory', _memory)}\n\n{_legend(record)}"


def results_of(record: Record) -> dict[tuple[str, str], Result]:
    """The results by workload and tool, without those that failed."""
    return {(one["workload"], one["tool"]): one for one in record["results"] if "error" not in one}


def _table(record: Record, what: str, cell: Cell) -> str:
    found = results_of(record)
    measured = {result["tool"] for result in record["results"]}
    tools = [name for name, tool in TOOLS.items() if name in measured and tool.in_table]
    rows = [[what, *(TOOLS[name].title for name in tools)], ["---", *("---:" for _ in tools)]]
    for workload, facts in record["workloads"].items():
        ours = found.get((workload, OURS))
        cells = [found.get((workload, name)) for name in tools]
        rows.append([facts["title"], *("–" if one is None or ours is None else cell(one, ours) for one in cells)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _time(result: Result, ours: Result) -> str:
    return _beside(milliseconds(result["cpu_s"]), result["cpu_s"], ours["cpu_s"])


def _memory(result: Result, ours: Result) -> str:
    if result["peak_bytes"] is None or ours["peak_bytes"] is None:
        return "–"
    value = result["peak_bytes"] / 1e6
    return f"{value:,.{0 if value >= 10 else 1}f} MB"


def _beside(text: str, value: float, ours: float) -> str:
    return f"**{text}**" if value == ours else f"{text} ({value / ours:,.{0 if value / ours >= 10 else 1}f}×)"


def milliseconds(seconds: float) -> str:
    """Three digits or so."""
    value = seconds * 1e3
    return f"{value:,.{0 if value >= 100 else 1 if value >= 10 else 2}f} ms"


def _legend(record: Record) -> str:
    versions = {
        TOOLS[one["tool"]].title: f"{TOOLS[one['tool']].title} {one['version']} (Python {one['python']})"
        for one in record["results"]
        if "version" in one and TOOLS[one["tool"]].in_table
    }
    counts = {TOOLS[one["tool"]].title: one["features"] for one in record["results"] if "features" in one}
    features = [f"{text}, {counts[title]} features" for title, text in versions.items()]
    return (
        f"{record['started'][:10]}, {record['machine']}, one thread, load {record['load']}, "
        f"commit {record['commit'][:10]}. {'; '.join(features)}."
    )
