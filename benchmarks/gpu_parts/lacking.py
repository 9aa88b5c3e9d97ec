"""What is measured only where more is installed than CuPy, numba, scipy and numpy."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec


@dataclass(frozen=True)
class Wanted:
    """A module, the distribution that brings it (`{cuda}`: of which CUDA), and the rows that need it, by part."""

    module: str
    distribution: str
    rows: Mapping[str, str]


WANTED = (
    Wanted("pydantic", "pydantic", {"cases": "all", "others": "voxmill"}),
    Wanted("yaml", "pyyaml", {"cases": "all", "others": "voxmill"}),
    Wanted("pywt", "PyWavelets", {"cases": "8 wavelet"}),
    Wanted("torch", "torch", {"volumes": "torch", "others": "fastrad"}),
    Wanted("cucim", "cucim-cu{cuda}", {"volumes": "cuCIM"}),
    Wanted("fastrad", "fastrad", {"others": "fastrad"}),
    Wanted("flash_radiomics", "flash-radiomics", {"others": "flash-radiomics"}),
    Wanted("SimpleITK", "SimpleITK", {"others": "flash-radiomics"}),
)


def left_out(parts: Iterable[str], *, cuda: int = 13) -> Iterator[str]:
    """A line for each distribution that parts lack: which rows are left out; then a line on how to have them.

    What is for another version of CUDA than CuPy would bring another CuPy, and neither would work.
    """
    chosen = set(parts)
    lacking = [one for one in WANTED if chosen & one.rows.keys() and find_spec(one.module) is None]
    names = [one.distribution.format(cuda=cuda) for one in lacking]
    for name, one in zip(names, lacking, strict=True):
        rows = "; ".join(f"{part}: {what}" for part, what in one.rows.items() if part in chosen)
        yield f"left out without {name}: {rows}"
    if lacking:
        yield f"to have them: pip install {' '.join(names)}"
