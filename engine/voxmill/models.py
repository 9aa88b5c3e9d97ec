"""What settings, steps and recipes are made of: frozen models whose mistakes are sentences."""

# No `from __future__ import annotations` here: pydantic reads the annotations.
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_core import ErrorDetails

from voxmill.errors import SettingsError, brief, nearest, several


def _no_truth(value: object) -> object:
    """Pydantic takes true for 1."""
    if isinstance(value, bool):
        raise ValueError(f"give a number; found {str(value).lower()}")
    return value


Real = Annotated[float, BeforeValidator(_no_truth)]
Whole = Annotated[int, BeforeValidator(_no_truth)]


class Model(BaseModel):
    """Named values, checked and frozen; raises SettingsError, which names what is wrong and what is known."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="wrap")
    @classmethod
    def _in_a_sentence(cls, values: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            made = handler(values)
        except ValidationError as error:
            raise SettingsError(several(error.errors(), partial(_clause, cls))) from None
        made._require_sense()
        return made

    def _require_sense(self) -> None:
        """Raise SettingsError where values that are valid one by one make no sense together."""

    @classmethod
    def _nearest(cls, word: str) -> str:
        """The hint for a misspelt name."""
        return nearest(word, cls.model_fields)


PHRASES: Mapping[str, str] = {
    "greater_than": "must be above {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than_equal": "must be at most {le:g}",
    "finite_number": "must be finite",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_type": "must be true or false",
    "literal_error": "must be {expected}",
    "tuple_type": "must be a list",
    "missing": "is needed",
    "model_type": "give names with values",
    "model_attributes_type": "give names with values",
}


def _clause(model: type[Model], mistake: ErrorDetails) -> str:
    """One mistake that pydantic found, in our words."""
    place, kind, context = ".".join(str(part) for part in mistake["loc"]), mistake["type"], mistake.get("ctx", {})
    if kind == "extra_forbidden":
        return f"unknown setting {brief(place)}{model._nearest(place)}"
    if kind == "value_error":  # ours; a place further down begins with a dot
        reason = str(context["error"])
        return f"{place}{': ' if place and reason[0] != '.' else ''}{reason}"
    phrase = PHRASES[kind].format_map(context) if kind in PHRASES else mistake["msg"]
    return f"{place} {phrase}; found {brief(mistake['input'])}".lstrip()
