"""Voxmill on a GPU: built, checked against the CPU, and measured, beside floors, the CPU and other tools.

    python benchmarks/gpu.py                       everything; what it needs is CuPy, numba, scipy and numpy, no network
    python benchmarks/gpu.py --parts check         only the comparison with the CPU
    python benchmarks/gpu.py --record              and keep each row in benchmarks/records/ when it is measured
    python benchmarks/gpu.py --quick               tiny workloads, to see that all of it works
    python benchmarks/gpu.py --sanitize racecheck  the comparison under NVIDIA's compute-sanitizer (memcheck, racecheck)

Parts: build (every kernel compiled anew), check (equal to the CPU's, to the last bit), floors (what the device does at
best), kernels (each beside its floor), regions (per second, by size and batch, with features too), cases (from image
to row), volumes (whole ones resampled and filtered), others (fastrad and flash-radiomics with CUDA). Images are made
by the script. It begins with what is left out for want of pydantic, PyYAML, PyWavelets (cases) or another tool, and
how to install that. Times are medians after 0.3 s of the same work: between CUDA events, with the device held until
all is asked for, or by the clock where the work ends on this machine. A row says where a device waited for it all
the same. At the end stands every target, met or missed. Exit codes: 1 where a row failed, 3 where there is no
device, or not all that it needs.

The first time, where a command may take ten minutes (estimates: no GPU has run this; each part tells its seconds):

    python benchmarks/gpu.py --quick                                               2 minutes: it works, and is compiled
    python benchmarks/gpu.py --record --parts build check floors kernels volumes   5 minutes, 1 of them volumes on a CPU
    python benchmarks/gpu.py --record --parts regions cases others                 5 minutes, regions most of them
    python benchmarks/gpu.py --quick --sanitize memcheck                           a command for each tool; without
    python benchmarks/gpu.py --quick --sanitize racecheck                          --quick each may take far longer

Parts that are measured by one command each come into one record, where sources, machine, versions and threads are the
same. What is compiled is kept in the user's folder for that, or where VOXMILL_CACHE_DIR and CUPY_CACHE_DIR say.
"""

import argparse
import importlib
import os
import platform
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

try:
    import numba
    import numpy as np
except ModuleNotFoundError as lacking:
    print(f"nothing is measured: {lacking.name} is not installed: pip install numpy scipy numba", file=sys.stderr)
    sys.exit(3)

sys.path.insert(0, str(Path(__file__).parents[1] / "engine"))
sys.path.insert(0, str(Path(__file__).parents[1] / "kernels"))

from gpu_parts import build, cases, check, floors, kernels, others, regions, volumes
from gpu_parts.bench import FULL, QUICK, Bench, Row, all_rows
from gpu_parts.keeping import Keeper, sources
from gpu_parts.lacking import left_out
from gpu_parts.sanitizing import TOOLS, sanitized
from gpu_parts.targets import verdicts
from records import surroundings
from voxmill.computing import INSTALL, find_gpu

PARTS: Mapping[str, Callable[[Bench], Iterator[Row]]] = {
    "build": build.measure,
    "check": check.measure,
    "floors": floors.measure,
    "kernels": kernels.measure,
    "regions": regions.measure,
    "cases": cases.measure,
    "volumes": volumes.measure,
    "others": others.measure,
}
FAILED, NO_DEVICE = 1, 3
"""Exit codes."""
ALONE = (
    "for this script alone, of CUDA 12: pip install cupy-cuda12x nvidia-cuda-nvrtc-cu12 nvidia-cuda-runtime-cu12; "
    "of CUDA 13: pip install cupy-cuda13x nvidia-cuda-nvrtc nvidia-cuda-runtime"
)
"""What brings CuPy, and what it compiles with, where Voxmill is not installed."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; record when asked to; gives the exit code."""
    options = _parser().parse_args(arguments)
    try:
        cupy = _cupy()
    except RuntimeError as reason:
        print(f"nothing is measured: {reason}", file=sys.stderr)
        return NO_DEVICE
    if options.sanitize is not None:
        return FAILED if sanitized(Path(__file__), options.sanitize or list(TOOLS), quick=options.quick) else 0
    return _measured(cupy, options)


def _cupy() -> Any:  # noqa: ANN401 - CuPy
    """CuPy; RuntimeError, with what is in the way, where it is not there, or no device works."""
    found = find_gpu()
    if found.device is None:
        raise RuntimeError(found.obstacle + (f"; {ALONE}" if INSTALL in found.obstacle else ""))
    return importlib.import_module("cupy")


def _measured(cupy: Any, options: argparse.Namespace) -> int:  # noqa: ANN401 - CuPy
    if options.without_pool:
        cupy.cuda.set_allocator(None)
    device = importlib.import_module("voxmill_kernels.cuda.launch").gpu()
    bench = Bench(device, cupy, QUICK if options.quick else FULL, options.threads)
    about = {"device": device.name, "threads": bench.threads, "quick": options.quick}
    record = surroundings() | about | {"sources": sources()} | _versions(cupy)
    header = f"{record['device']}, CuPy {record['cupy']}; {record['machine']}, load {record['load']}"
    for line in (header, *left_out(options.parts, cuda=cupy.cuda.runtime.runtimeGetVersion() // 1000)):
        print(line, flush=True)
    keeper, failed = Keeper(record, options.parts, kept=options.record), False
    for row in all_rows({name: PARTS[name] for name in options.parts}, bench):
        print(row, flush=True)
        keeper.add(row)
        failed = failed or row.failed
    print("", *verdicts(keeper.rows), sep="\n")
    if options.record:
        print(f"recorded in {keeper.path.name}")
    return FAILED if failed else 0


def _versions(cupy: Any) -> dict[str, object]:  # noqa: ANN401 - CuPy
    runtime = cupy.cuda.runtime
    here = {"python": platform.python_version(), "numpy": np.__version__, "numba": numba.__version__}
    cuda = {"driver": runtime.driverGetVersion(), "cuda": runtime.runtimeGetVersion()}
    return here | {"cupy": cupy.__version__} | cuda


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number}: at least 1 is needed")
    return number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", default=list(PARTS), choices=PARTS, metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="tiny workloads, once each")
    parser.add_argument("--threads", type=_positive, default=os.cpu_count() or 1, help="of the CPU, for features (all)")
    parser.add_argument("--record", action="store_true", help="keep the result")
    parser.add_argument(
        "--sanitize", nargs="*", choices=TOOLS, metavar="TOOL", help="run the comparison under compute-sanitizer (both)"
    )
    parser.add_argument("--without-pool", action="store_true", help="memory from CUDA itself, so that memcheck sees it")
    return parser


if __name__ == "__main__":
    sys.exit(main())
