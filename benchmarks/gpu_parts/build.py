"""Every kernel compiled on the device: how long it takes, and what a thread holds in registers and beside them."""

import time
from collections.abc import Iterator
from functools import partial

from gpu_parts.bench import Bench, Figures, Row, attempt
from voxmill_kernels.cuda.sources import KERNELS, OPTIONS, source


def measure(bench: Bench) -> Iterator[Row]:
    """A row for each module."""
    for module in sorted(set(KERNELS.values())):
        yield attempt("build", module, partial(_built, bench, module))


def _built(bench: Bench, module: str) -> Figures:
    anew = f"// {time.time_ns()}\n"  # of code that it has compiled before, CuPy keeps what came of it
    began = time.perf_counter()
    compiled = bench.cupy.RawModule(code=source(module) + anew, options=OPTIONS)
    compiled.compile()
    took = time.perf_counter() - began
    kernels = [compiled.get_function(kernel) for kernel, its in KERNELS.items() if its == module]
    return {
        "s to compile": took,
        "kernels": len(kernels),
        "registers at most": max(kernel.num_regs for kernel in kernels),
        "bytes beside registers": max(kernel.local_size_bytes for kernel in kernels),
    }
