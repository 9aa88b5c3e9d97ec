"""The CUDA C++ of all kernels, and how it is compiled."""

import re
from functools import cache
from pathlib import Path

import numpy as np

import voxmill_kernels
from voxmill_kernels.types import COMPILED

OPTIONS = ("--std=c++17", "-fmad=false")
"""Of the compiler: no product is rounded together with a sum unless a kernel says so."""
ROOT = Path(voxmill_kernels.__file__).parent
INCLUDE = re.compile(r'^#include "(\w+\.cuh)"\n', re.MULTILINE)


def _of_both_types(*kernels: str) -> list[str]:
    """The kernels for levels of 8 bits and of 16."""
    return [f"{kernel}{bits}" for kernel in kernels for bits in (8, 16)]


def _of_types(kernel: str, *types: str) -> list[str]:
    """The kernel for values of each of these types, by NumPy's names."""
    return [f"{kernel}_{one}" for one in types]


WHOLE = [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
READ = [np.dtype(one).name for one in COMPILED]
KERNELS = {
    **dict.fromkeys(_of_both_types("sweep", "follow_lines"), "count/sweep"),
    "finish_runs": "count/sweep",
    **dict.fromkeys(_of_both_types("begin_zones", "join_zones", "measure_zones", "count_zones"), "count/zones"),
    "sum_pairs": "count/sums",
    **dict.fromkeys(_of_both_types("place_levels"), "count/arena"),
    **dict.fromkeys(_of_types("count_values", *WHOLE), "mask/intensities"),
    **dict.fromkeys(_of_types("digitise", *WHOLE, "float32", "float64"), "mask/levels"),
    "scan_surface": "shape/surface",
    **dict.fromkeys(["convolve32", "convolve64"], "image/wavelet"),
    "gradient": "image/gradient",
    **dict.fromkeys(_of_types("convolve", *READ), "image/bands"),
    "add_quotient": "image/bands",
    **dict.fromkeys([f"nearest{bits}" for bits in (8, 16, 32, 64)], "image/sample"),
    **dict.fromkeys(_of_types("linear", *READ), "image/sample"),
    **dict.fromkeys(["cubic", "cubic_flat"], "image/sample"),
    "filter_spline": "image/spline",
    **dict.fromkeys(["widen", "narrow"], "image/floats"),
    **dict.fromkeys(_of_types("to_whole", *WHOLE), "image/floats"),
    "correlate_pairs": "features/mcc",
}
"""All kernels, and the module of each: count/sweep is count/cuda/sweep.cu, which is compiled by itself."""


def folders(module: str) -> tuple[Path, Path]:
    """Where the files of a module lie, and those of all modules."""
    return ROOT / module.split("/")[0] / "cuda", ROOT / "cuda"


@cache
def source(module: str) -> str:
    """The CUDA C++ of a module in one text: a compiler needs no files, and a cache by text misses no change."""
    _, name = module.split("/")
    return _with_included((folders(module)[0] / f"{name}.cu").read_text(encoding="utf-8"), module, set())


def _with_included(text: str, module: str, included: set[str]) -> str:
    """A text with each file that it includes in its place, once."""

    def replaced(found: re.Match[str]) -> str:
        name = found[1]
        if name in included:
            return ""
        included.add(name)
        path = next(folder / name for folder in folders(module) if (folder / name).exists())
        return _with_included(path.read_text(encoding="utf-8").replace("#pragma once\n", ""), module, included)

    return INCLUDE.sub(replaced, text)
