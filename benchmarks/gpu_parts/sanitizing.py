"""The comparison with the CPU under NVIDIA's compute-sanitizer."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

PROGRAM = "compute-sanitizer"
PLACES = "/usr/local/cuda/bin"
TOOLS: Mapping[str, Sequence[str]] = {"memcheck": ("--report-api-errors", "no"), "racecheck": ()}
"""Each with its options. CuPy asks CUDA for some things only to see whether it has them."""


def sanitized(script: Path, tools: Sequence[str], *, quick: bool) -> int:
    """Run the part `check` of a script under each tool, on tiny workloads or all; how many tools found something.

    Without the program there is nothing to run: 1.
    """
    program = shutil.which(PROGRAM, path=os.pathsep.join([os.environ.get("PATH", ""), PLACES]))
    if program is None:
        print(f"{PROGRAM} is not on the PATH nor in {PLACES}; it comes with the CUDA toolkit", file=sys.stderr)
        return 1
    command = [sys.executable, str(script), "--parts", "check", "--without-pool", *(["--quick"] if quick else [])]
    found = 0
    for tool in tools:
        done = subprocess.run([program, "--tool", tool, *TOOLS[tool], "--error-exitcode", "1", *command], check=False)
        print(
            f"{tool}: {'clean' if done.returncode == 0 else 'NOT clean, or a comparison failed: see above'}", flush=True
        )
        found += done.returncode != 0
    return found
