"""Voxmill beside its peers: processes in turn, one thread each, medians of CPU seconds.

    python benchmarks/run.py                                      everything: about an hour
    python benchmarks/run.py --peers pictologics --workloads brain1 1e5 --repeats 5
    python benchmarks/run.py --record                             keep the result in benchmarks/records/
    python benchmarks/run.py --table [filtered]                   the newest record as README's table, and the promises

Every peer has an environment of its own, made by uv from exact versions the first time; `--environment NAME=PYTHON`
takes one that exists. `measure.py` says what exactly is measured, `peers/` what is called of each tool.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from environments import interpreters
from promises import verdicts
from records import newest, write
from rounds import measure
from table import markdown
from tools import OURS, TOOLS, Limits
from workloads import WORKLOADS


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print; record when asked to."""
    options = _parser().parse_args(arguments)
    if options.table:
        record = newest(options.table)
        print(markdown(record), *verdicts(record), sep="\n")
        return
    if {"brain1", "lung1"} & set(options.workloads) and not os.environ.get("VOXMILL_REFERENCE_DATA"):
        sys.exit("brain1 and lung1 need VOXMILL_REFERENCE_DATA (PyRadiomics' test cases); or choose other --workloads")
    pythons = _pythons([OURS, *options.peers], options.environment)
    limits = Limits(options.budget, options.timeout, int(options.memory * 1e9))
    record = measure(options.workloads, pythons, repeats=options.repeats, limits=limits)
    print("", *verdicts(record), sep="\n")
    if options.record:
        print(f"recorded in {write(record, options.record).name}")


def _pythons(names: Sequence[str], given: Sequence[str]) -> dict[str, Path]:
    """The Python of every tool that has one."""
    environments = {name: TOOLS[name].environment for name in names}
    made = interpreters(filter(None, environments.values()), given)
    pythons = {name: Path(sys.executable) if one is None else made.get(one) for name, one in environments.items()}
    return {name: python for name, python in pythons.items() if python is not None}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    peers = [name for name in TOOLS if name != OURS]
    parser.add_argument("--peers", nargs="*", default=peers, choices=peers, metavar="NAME", help=", ".join(peers))
    parser.add_argument(
        "--workloads", nargs="+", default=list(WORKLOADS), choices=WORKLOADS, metavar="NAME", help=", ".join(WORKLOADS)
    )
    parser.add_argument("--repeats", type=int, default=7, help="rounds (7)")
    parser.add_argument("--budget", type=float, default=60, help="seconds for a tool and a workload (60)")
    parser.add_argument("--timeout", type=float, default=600, help="seconds for one answer of a tool (600)")
    parser.add_argument("--memory", type=float, default=_half_of_memory(), help="GB that a tool may allocate (half)")
    parser.add_argument("--environment", action="append", default=[], metavar="NAME=PYTHON", help="take this Python")
    parser.add_argument("--record", nargs="?", const="all", metavar="NAME", help="keep the result under this name")
    parser.add_argument(
        "--table", nargs="?", const="all", metavar="NAME", help="print the newest record of a name, measure nothing"
    )
    return parser


def _half_of_memory() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2e9 if hasattr(os, "sysconf") else 8


if __name__ == "__main__":
    main()
