"""Side by side with PyRadiomics: the same image, mask and parameter file in both, and what differs."""

import json
import math
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voxmill.errors import InputError, RegionError, SettingsError
from voxmill.extraction import extract
from voxmill.settings import Settings

AGREE = 1e-6
"""How far two values may lie apart, as a share of their natural scale."""
DEVIATION, ONE = "deviation", "one"
SCALES: Mapping[str, str] = {
    "firstorder_Mean": DEVIATION,
    "firstorder_Median": DEVIATION,
    "firstorder_10Percentile": DEVIATION,
    "firstorder_90Percentile": DEVIATION,
    "firstorder_Minimum": DEVIATION,
    "firstorder_Maximum": DEVIATION,
    "firstorder_Skewness": ONE,
    "glcm_Correlation": ONE,
    "glcm_Imc1": ONE,
    "glcm_Imc2": ONE,
    "glcm_MCC": ONE,
}
"""The natural scale of features that may be near 0: the deviation of the region in that image, or one."""
NOTHING = 1e-12
"""A difference that is rounding noise, whatever the values."""
MARK = "voxmill-compare:"
SCRIPT = f"""
import json, logging, sys, time
given, said = json.load(sys.stdin), []
try:
    import radiomics
    from radiomics import featureextractor
except ImportError as error:
    answer = {{"missing": str(error)}}
else:
    try:
        radiomics.setVerbosity(60)
        listener = logging.Handler(logging.WARNING)
        listener.emit = lambda record: said.append(record.getMessage())
        radiomics.logger.addHandler(listener)
        parameters = [] if given["parameters"] is None else [given["parameters"]]
        extractor = featureextractor.RadiomicsFeatureExtractor(*parameters, additionalInfo=False)
        begun = time.perf_counter()
        found = extractor.execute(given["image"], given["mask"], given["label"])
        seconds = time.perf_counter() - begun
        values = {{name: float(value) for name, value in found.items()}}
        answer = {{"version": radiomics.__version__, "seconds": seconds, "values": values, "said": said}}
    except Exception as error:
        answer = {{"refused": f"{{type(error).__name__}}: {{error}}"}}
print({MARK!r} + json.dumps(answer))
"""
"""What the other interpreter runs: it needs PyRadiomics there, and nothing of ours."""


@dataclass(frozen=True)
class Pair:
    """A feature by column, in both, None where one does not give it; and its natural scale."""

    name: str
    ours: float | None
    theirs: float | None
    scale: float

    @property
    def image(self) -> str:
        """The image that it was measured in, by its name in columns."""
        return self.name.split("_")[0]

    @property
    def apart(self) -> float:
        """The difference as a share of the natural scale; infinite where one of them has no number."""
        if self.ours is None or self.theirs is None:
            return math.inf
        if self.ours == self.theirs or (math.isnan(self.ours) and math.isnan(self.theirs)):
            return 0.0
        difference = abs(self.ours - self.theirs)
        if difference <= NOTHING:
            return 0.0
        share = difference / self.scale if self.scale else math.inf
        return math.inf if math.isnan(share) else share

    @property
    def agrees(self) -> bool:
        """Whether both values are the same for all that matters."""
        return self.apart <= AGREE


@dataclass(frozen=True)
class Lacking:
    """Images that one of both, Voxmill or PyRadiomics, does not make, and how many features the other gives of them."""

    program: str
    images: tuple[str, ...]
    features: int


@dataclass(frozen=True)
class Comparison:
    """Every feature in both, the version of PyRadiomics, and the seconds that each took for reading and measuring.

    said: what PyRadiomics warns of.
    """

    pairs: tuple[Pair, ...]
    version: str
    ours_s: float
    theirs_s: float
    said: tuple[str, ...] = ()

    @property
    def lacking(self) -> tuple[Lacking, ...]:
        """The images that only one of both makes."""
        ours = {pair.image for pair in self.pairs if pair.ours is not None}
        theirs = {pair.image for pair in self.pairs if pair.theirs is not None}
        found = (self._lacking("Voxmill", theirs - ours), self._lacking("PyRadiomics", ours - theirs))
        return tuple(one for one in found if one.images)

    def _lacking(self, program: str, images: set[str]) -> Lacking:
        names = [pair.image for pair in self.pairs if pair.image in images]
        return Lacking(program, tuple(dict.fromkeys(names)), len(names))

    @property
    def shared(self) -> tuple[Pair, ...]:
        """The features of images that both make."""
        missing = {image for one in self.lacking for image in one.images}
        return tuple(pair for pair in self.pairs if pair.image not in missing)

    @property
    def differing(self) -> tuple[Pair, ...]:
        """The features that differ, the farthest apart first."""
        return tuple(sorted((pair for pair in self.shared if not pair.agrees), key=lambda pair: -pair.apart))

    @property
    def agreeing(self) -> tuple[Pair, ...]:
        """The features that agree, the farthest apart first."""
        return tuple(sorted((pair for pair in self.shared if pair.agrees), key=lambda pair: -pair.apart))


def compare(
    image: Path, mask: Path, *, parameters: Path | None = None, label: int | None = None, python: str | None = None
) -> Comparison:
    """The features of a label in both; `parameters` is a parameter file of PyRadiomics, `python` its interpreter.

    Raises SettingsError for parameters that this version does not support, InputError where either cannot measure the
    region, and where PyRadiomics is not installed.
    """
    settings = Settings.from_pyradiomics({} if parameters is None else parameters)
    if label is not None:
        settings = settings.changed({"labels": label})
    settings = settings.changed({"diagnostics": False})
    _timed(lambda: _ours(image, mask, settings))  # loads kernels
    ours_s, ours = _timed(lambda: _ours(image, mask, settings))
    given = {"image": str(image), "mask": str(mask), "parameters": parameters and str(parameters), "label": label}
    theirs = _theirs(given, python or sys.executable)
    values = theirs["values"]
    deviations = _deviations(image, mask, settings)
    pairs = []
    for name in dict.fromkeys([*values, *ours]):
        scale = natural_scale(name, values.get(name, math.nan), deviations.get(name.partition("_")[0], math.nan))
        pairs.append(Pair(name, ours.get(name), values.get(name), scale))
    said = tuple(dict.fromkeys(theirs.get("said", ())))
    return Comparison(tuple(pairs), theirs["version"], ours_s, theirs["seconds"], said)


def natural_scale(column: str, value: float, deviation: float) -> float:
    """What a difference of a feature is measured by: the region's deviation in that image, one, or else the value."""
    scale = SCALES.get(column.partition("_")[2])
    if scale == DEVIATION and deviation > 0:
        return deviation
    return 1.0 if scale == ONE else abs(value)


def _deviations(image: Path, mask: Path, settings: Settings) -> Mapping[str, float]:
    """The deviation of the region in every image, by its name in columns."""
    variances = _ours(image, mask, settings.changed({"features": {"firstorder": ["Variance"]}}))
    return {name.partition("_")[0]: math.sqrt(variance) for name, variance in variances.items()}


def _ours(image: Path, mask: Path, settings: Settings) -> Mapping[str, float]:
    (row,) = extract(image, mask, settings=settings, device="cpu").rows
    if row.error is not None:
        raise RegionError(row.error)
    return row.features


def _timed(call: Callable[[], Mapping[str, float]]) -> tuple[float, Mapping[str, float]]:
    begun = time.perf_counter()
    found = call()
    return time.perf_counter() - begun, found


def _theirs(given: Mapping[str, Any], python: str) -> dict[str, Any]:
    """What PyRadiomics gives, in a process of its own."""
    name = Path(python).name
    try:
        ran = subprocess.run(
            [python, "-c", SCRIPT], input=json.dumps(given), capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise SettingsError(f"--python: {name} cannot be run: {error.strerror}; give the path of a Python") from None
    lines = [line for line in ran.stdout.splitlines() if line.startswith(MARK)]
    if not lines:
        last = (ran.stderr.strip().splitlines() or ["no word"])[-1]
        raise InputError(f"{name}: ended with code {ran.returncode} before PyRadiomics could answer: {last}")
    answer: dict[str, Any] = json.loads(lines[-1].removeprefix(MARK))
    if "missing" in answer:
        raise InputError(
            f"PyRadiomics cannot be imported in {name} ({answer['missing']}); install it into a Python 3.11 with a C "
            "compiler (pip install numpy setuptools versioneer, then pip install --no-build-isolation "
            "pyradiomics==3.0.1), and name that Python with --python"
        )
    if "refused" in answer:
        raise InputError(f"PyRadiomics refuses this case: {answer['refused']}")
    return answer
