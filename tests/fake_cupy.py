"""As much of CuPy as a launch takes, on the threads of this machine; as strict as the real one."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from cuda_host import HostArray, HostDevice


@dataclass
class FakeKernel:
    """A kernel, launched with few threads in place of what is asked for."""

    device: HostDevice
    name: str
    max_dynamic_shared_size_bytes: int = 48 << 10

    def __call__(self, grid: tuple[int], block: tuple[int], args: tuple[Any, ...], *, shared_mem: int) -> None:
        assert block == (256,)
        assert shared_mem <= self.max_dynamic_shared_size_bytes
        assert all(isinstance(one, HostArray | np.int64 | np.float64) for one in args)
        (blocks,) = grid
        arguments = [one.item() if isinstance(one, np.generic) else one for one in args]
        self.device.launch(self.name, blocks, arguments, shared=shared_mem)


def fake_cupy(device: HostDevice) -> SimpleNamespace:
    """A module in the place of CuPy."""

    def raw_module(*, code: str, options: tuple[str, ...]) -> SimpleNamespace:
        assert "-fmad=false" in options

        def get_function(name: str) -> FakeKernel:
            assert f" {name.rstrip('0123456789')}(" in code or f" {name.rstrip('0123456789')}##bits(" in code
            return FakeKernel(device, name)

        return SimpleNamespace(get_function=get_function)

    def attributes() -> SimpleNamespace:
        known = {"MaxSharedMemoryPerBlockOptin": device.shared_bytes, "MultiProcessorCount": device.multiprocessors}
        return SimpleNamespace(attributes=known)

    return SimpleNamespace(
        ndarray=HostArray,
        asarray=device.upload,
        asnumpy=device.download,
        zeros=device.zeros,
        empty=device.empty,
        flatnonzero=np.flatnonzero,
        RawModule=raw_module,
        cuda=SimpleNamespace(Device=attributes),
    )
