"""Every kernel compiles for the GPUs of data centres, and holds its numbers in registers: no GPU is needed for that."""

import pytest

from nvrtc import Usage, compile_cubin, compile_ptx, require_compiler
from voxmill_kernels.cuda.sources import KERNELS, OPTIONS, source

MOST_REGISTERS = 64
"""With so many a multiprocessor holds four blocks of 256 threads."""
AS_CUPY = (*OPTIONS, "--device-as-default-execution-space", "-ftz=true")
"""What CuPy gives to the compiler: single precision without numbers below the normal ones."""
FLOATS = """
extern "C" __global__ void add(float *to, float summand) { *to += summand; }
"""
GREEDY = """
extern "C" __global__ void greedy(const int *from, int *to) {
    int many[100];
    for (int i = 0; i < 100; i++) many[from[i]] = i;
    to[threadIdx.x] = many[from[threadIdx.x]];
}
"""


def is_frugal(usage: Usage) -> bool:
    return usage.registers <= MOST_REGISTERS and usage.stack == usage.spilled == 0


@pytest.mark.parametrize("architecture", ["sm_80", "sm_90"])
@pytest.mark.parametrize("module", sorted(set(KERNELS.values())))
def test_machine_code(module: str, architecture: str) -> None:
    require_compiler()
    cubin, usages = compile_cubin(source(module), architecture, AS_CUPY)
    assert cubin.startswith(b"\x7fELF")
    assert sorted(usages) == sorted(kernel for kernel, its in KERNELS.items() if its == module)
    assert all(map(is_frugal, usages.values())), usages


@pytest.mark.parametrize("module", sorted(set(KERNELS.values())))
def test_no_number_is_too_small(module: str) -> None:
    """For an instruction of single precision; whatever CuPy adds to our options."""
    require_compiler()
    assert ".ftz" not in compile_ptx(source(module), AS_CUPY)


def test_instructions_that_make_numbers_0_are_told() -> None:
    require_compiler()
    assert ".ftz" in compile_ptx(FLOATS, AS_CUPY)


def test_a_kernel_that_needs_more_than_registers_is_told() -> None:
    require_compiler()
    _, usages = compile_cubin(GREEDY, "sm_90", OPTIONS)
    assert not is_frugal(usages["greedy"])


def test_a_mistake_is_told_with_its_line() -> None:
    require_compiler()
    with pytest.raises(AssertionError, match=r"kernels\.cu\(1\): error"):
        compile_cubin("__global__ void broken() { missing(); }", "sm_90", OPTIONS)
