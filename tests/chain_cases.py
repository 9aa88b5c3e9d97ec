"""What tests of chains of operators on a device share: the comparison with the CPU, byte by byte."""

from collections.abc import Sequence

import voxmill as vm
from voxmill.execute import derive, share
from voxmill.operators.operator import Operator
from voxmill_kernels.array import to_host
from voxmill_kernels.device import Device


def assert_as_the_cpu(
    device: Device, source: vm.Volume, chains: Sequence[Sequence[Operator]], inner: vm.Window
) -> None:
    """The same windows of what all chains make there of an image: whole ones, and some inside."""
    assert all(operator.on_device for chain in chains for operator in chain)
    derived = [derive(source, *chain) for chain in chains]
    wholes = [vm.Window.whole(one.grid.shape) for one in derived]
    for windows in (wholes, [inner.clip(one.grid.shape) for one in derived]):
        for found, one, window in zip(share(derived, windows, device), derived, windows, strict=True):
            expected = one.read(window)
            assert found.dtype == expected.dtype
            assert found.shape == expected.shape
            assert to_host(found).tobytes() == expected.tobytes()
