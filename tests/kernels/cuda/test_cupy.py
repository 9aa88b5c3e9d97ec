"""What the code uses of CuPy is there, and arrays that stand for CuPy's refuse what those refuse; no GPU is needed."""

import ast
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path

import numpy as np
import pytest

import voxmill
from cuda_host import CUPYS, HostDevice, registered
from voxmill_kernels.cuda.sources import ROOT

METHODS = "astype clip copy dtype fill flags item itemsize max min nbytes ndim reshape shape size take tobytes view"
"""What is used of CuPy's arrays."""


def used(tree: ast.AST) -> Iterator[str]:
    """The dotted names behind `cupy`, `xp` and `namespace(...)`."""
    for node in ast.walk(tree):
        names, inner = [], node
        while isinstance(inner, ast.Attribute):
            names.append(inner.attr)
            inner = inner.value
        called = inner.func if isinstance(inner, ast.Call) else inner
        if names and isinstance(called, ast.Name) and called.id in (["namespace"] if called is not inner else NAMED):
            yield ".".join(reversed(names))


NAMED = ["cupy", "xp"]
FILES = sorted(file for root in (ROOT, Path(voxmill.__file__).parent) for file in root.rglob("*.py"))
USED = sorted({name for file in FILES for name in used(ast.parse(file.read_text(encoding="utf-8")))})


def test_what_is_used_is_found() -> None:
    assert {"RawModule", "cuda.Device", "concatenate", "pad", "copysign", "sort"} <= set(USED)


@pytest.mark.parametrize("name", sorted({*USED, *CUPYS, "cuda.memory.OutOfMemoryError"}))
def test_cupy_has_it(name: str) -> None:
    assert attrgetter(name)(pytest.importorskip("cupy"))


def test_arrays_of_cupy_have_it() -> None:
    cupy = pytest.importorskip("cupy")
    assert [name for name in METHODS.split() if not hasattr(cupy.ndarray, name)] == []
    assert issubclass(cupy.cuda.memory.OutOfMemoryError, MemoryError)


def test_arrays_of_a_device_are_as_strict() -> None:
    with registered(HostDevice()) as device:
        there, here = device.zeros(3, np.float32), np.zeros(3)
        for refused in (
            lambda: there + here,
            lambda: np.interp(there, there, there),
            lambda: there.__setitem__(slice(None), here),
            lambda: there.astype(np.int8, casting="unsafe"),  # type: ignore[call-arg]
            lambda: there.ctypes,
        ):
            with pytest.raises((TypeError, AttributeError)):
                refused()
        with pytest.raises(AssertionError):
            device.upload(np.zeros(2, dtype=[("x", np.int8)]))
