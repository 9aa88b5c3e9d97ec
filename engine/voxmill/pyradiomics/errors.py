"""What is refused here, in classes that scripts for PyRadiomics catch."""

from collections.abc import Iterator
from contextlib import contextmanager

from voxmill.errors import SettingsError, VoxmillError


class RadiomicsError(VoxmillError, ValueError):
    """What the engine refuses, as the ValueError that PyRadiomics raises."""


class ParameterFileError(SettingsError, OSError):
    """A parameter file that is not there, as the IOError that PyRadiomics raises."""


class NotHereError(SettingsError, NotImplementedError):
    """What PyRadiomics has and this version does not."""


class FeatureLookupError(SettingsError, LookupError):
    """A feature that does not exist, as the LookupError that PyRadiomics raises."""


@contextmanager
def refusals() -> Iterator[None]:
    """What the engine refuses in here is a RadiomicsError, in the same words and with the same exit code."""
    try:
        yield
    except FeatureLookupError:
        raise
    except VoxmillError as error:
        raise as_radiomics(str(error), error.exit_code) from error


def as_radiomics(sentence: str, exit_code: int) -> RadiomicsError:
    """A RadiomicsError that ends a command with this exit code."""
    error = RadiomicsError(sentence)
    error.exit_code = exit_code
    return error
