"""Feature: a row of the catalogue."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Feature:
    """A feature as it is known to people: PyRadiomics' name, IBSI's code ('' where none exists), unit, definition.

    `unit` is '1' for a pure number, 'I' for the image's own unit (HU, SUV, …), 'mm' and its powers. `deprecated` says
    what a feature equals that is measured only where it is named; '' for all others.
    """

    family: str
    name: str
    ibsi: str
    unit: str
    definition: str
    source: str
    deprecated: str = ""

    @property
    def full_name(self) -> str:
        """The name with its family, as in a column: `glcm_Contrast`."""
        return f"{self.family}_{self.name}"


def table(family: str, source: str, *rows: tuple[str, str, str, str]) -> tuple[Feature, ...]:
    """The features of a family from rows of name, IBSI code, unit and definition."""
    return tuple(Feature(family, name, ibsi, unit, definition, source) for name, ibsi, unit, definition in rows)


def deprecated(family: str, source: str, *rows: tuple[str, str, str, str, str]) -> tuple[Feature, ...]:
    """The deprecated features of a family from rows of name, IBSI code, unit, definition and what it equals."""
    return tuple(
        Feature(family, name, ibsi, unit, definition, source, equal) for name, ibsi, unit, definition, equal in rows
    )
