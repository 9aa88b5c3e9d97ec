"""What a computation may take: a device, and threads."""

from numbers import Integral

from voxmill.errors import SettingsError, brief

DEVICES = ("auto", "cpu", "gpu")


def parse_device(device: str) -> str:
    """The device to compute on; raises SettingsError when there is no such device."""
    if device not in DEVICES:
        raise SettingsError(f"unknown device {device!r}; known: {', '.join(DEVICES)}")
    if device == "gpu":
        raise SettingsError("device 'gpu': this version computes on the CPU only; use 'auto' or 'cpu'")
    return device


def parse_threads(threads: int) -> int:
    """How many regions to measure at a time; raises SettingsError for what is no whole number, or less than one."""
    if isinstance(threads, bool) or not isinstance(threads, Integral):
        raise SettingsError(f"threads: a whole number is needed; found {brief(threads)}")
    if threads < 1:
        raise SettingsError(f"threads: at least 1; found {threads}")
    return int(threads)
