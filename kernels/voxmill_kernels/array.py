"""Arrays, of this machine or of a device, told apart by their type: what is given says where the work is done."""

from types import ModuleType

import numpy as np

from voxmill_kernels.device import Buffer, Device
from voxmill_kernels.types import Array

_DEVICES: dict[type, tuple[Device, ModuleType]] = {}


def register(kind: type, device: Device, namespace: ModuleType) -> None:
    """Arrays of this kind lie on that device; `namespace` is to them what NumPy is to those of this machine."""
    _DEVICES[kind] = device, namespace


def device_of(array: Array | Buffer) -> Device | None:
    """The device that an array lies on; None where that is this machine."""
    found = _DEVICES.get(type(array)) if _DEVICES else None
    return found[0] if found else None


def namespace(array: Array | Buffer) -> ModuleType:
    """NumPy, or what is NumPy to arrays of a device."""
    found = _DEVICES.get(type(array)) if _DEVICES else None
    return found[1] if found else np


def to_host(array: Array | Buffer) -> Array:
    """The array itself, or a copy of it on this machine."""
    device = device_of(array)
    return array if device is None else device.download(array)
