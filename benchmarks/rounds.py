"""Rounds: on every workload, all tools side by side, each in its process, asked for a turn one after the other."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from environments import CACHE
from records import Record, load, surroundings
from tools import Limits, Process, ToolError
from workloads import SMALL, WORKLOADS, store, synthetic

Result = dict[str, Any]


def measure(
    workloads: Sequence[str], pythons: Mapping[str, Path], *, repeats: int, limits: Limits, cache: Path = CACHE
) -> Record:
    """Every tool (its name → its Python) on every workload."""
    record: Record = {**surroundings(), "repeats": repeats, "budget_s": limits.budget_s, "workloads": {}, "results": []}
    warm_up = cache / "warm-up"
    store(iter([synthetic(500, shape=SMALL)]), warm_up)
    for name in workloads:
        facts = {"title": WORKLOADS[name].title, **store(WORKLOADS[name].cases(), cache / name), "load_before": load()}
        print(f"\n{facts['title']}: {facts['voxels']:,} voxels, shape {facts['shape']}, load {facts['load_before']}")
        processes = {tool: Process(tool, python, (warm_up, cache / name)) for tool, python in pythons.items()}
        results = take_turns(processes, repeats=repeats, limits=limits)
        for result in results:
            print(line(result, results[0]), flush=True)
        record["workloads"][name] = {**facts, "load_after": load()}
        record["results"] += [{"workload": name, **result} for result in results]
    return record


def take_turns(processes: Mapping[str, Process], *, repeats: int, limits: Limits) -> list[Result]:
    """Begin one after the other, then so many rounds; a tool that failed or used its budget sits out the others."""
    try:
        results = {tool: _ask(partial(process.begin, limits)) for tool, process in processes.items()}
        turns = {tool: [result["first"]] if result.get("first_counts") else [] for tool, result in results.items()}
        for _ in range(repeats):
            for tool, process in processes.items():
                if "error" not in results[tool] and _in_budget(results[tool]["first"], turns[tool], limits.budget_s):
                    answer = _ask(process.turn)
                    (results[tool].update if "error" in answer else turns[tool].append)(answer)
    finally:
        for process in processes.values():
            process.end()
    return [{"tool": tool, **_summary(results[tool], turns[tool])} for tool in processes]


def _ask(question: Callable[[], Result]) -> Result:
    try:
        return question()
    except ToolError as failure:
        return {"error": str(failure)}


def _in_budget(first: Result, turns: Sequence[Result], budget_s: float) -> bool:
    """Whether another turn fits in; one is always taken."""
    return not turns or first["spent_s"] + sum(turn["spent_s"] for turn in turns) + turns[-1]["spent_s"] <= budget_s


def _summary(result: Result, turns: Sequence[Result]) -> Result:
    if "error" in result:
        return result
    peaks = [turn["peak_bytes"] for turn in turns if turn["peak_bytes"] is not None]
    medians = {name: statistics.median(turn[name] for turn in turns) for name in ("cpu_s", "wall_s")}
    return {**result, **medians, "peak_bytes": max(peaks, default=None), "turns": turns}


def line(result: Result, ours: Result) -> str:
    """One tool's result for the terminal, beside ours."""
    if "error" in result:
        return f"  {result['tool']:18} {result['error']}"
    ratio = f"{result['cpu_s'] / ours['cpu_s']:8.1f}x" if "cpu_s" in ours else ""
    peak = "" if result["peak_bytes"] is None else f"{result['peak_bytes'] / 1e6:9.1f} MB"
    counted = f"{result['finite']}/{result['features']} features finite, {len(result['turns'])} turns"
    cases = f", {result['cases']} cases" if result["cases"] > 1 else ""
    times = f"{result['cpu_s'] * 1e3:11.2f} ms CPU {result['wall_s'] * 1e3:11.2f} ms wall"
    return f"  {result['tool']:18}{times}{ratio}{peak}  {counted}{cases}"
