"""`voxmill devices`: which GPUs there are, and what `--device auto` computes on."""


def devices() -> None:
    """Show which GPUs there are and what --device auto computes on; where that is the CPU, why, and what to do.

    Another process looks first: a CuPy that ends its process, without a word in other commands, is told of here.
    """
    from voxmill.cli.streams import emit
    from voxmill.cohort.device import CRASHED, look
    from voxmill.computing import describe_gpus, doubled, find_gpu, obstacles

    if look().obstacle == CRASHED:  # so would this process
        emit(f"no GPU can be used: {CRASHED}; until then, use --device cpu\n")
        return
    gpus, versions = describe_gpus()
    found = find_gpu()
    lines = [f"{'gpu':5}{'name':40}{'compute capability':20}memory"] if gpus else []
    for number, one in enumerate(gpus):
        lines.append(f"{number:<5}{one.name:40}{one.compute_capability:20}{one.memory_bytes / 1e9:.1f} GB")
    obstacle, both = "; then: ".join(obstacles()), doubled()
    lines += filter(None, (versions, "" if both in obstacle else both))
    used = "the CPU" if found.device is None else f"gpu 0, {found.device.name}"
    lines.append(": ".join([f"--device auto computes on {used}", *filter(None, [obstacle])]))
    emit("\n".join([*lines, ""]))
