"""YAML and JSON files of settings → names with values."""

from collections import Counter
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from voxmill.errors import SHOWN, SettingsError, brief, why_not_there

MAX_BYTES = 1_000_000
"""A larger file holds no settings."""
MALFORMED = (yaml.YAMLError, ValueError, RecursionError, LookupError, AttributeError, TypeError)
"""What PyYAML raises for a text that is none of its own, also where a tag and its value do not fit (`!!int ""`)."""


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader, which takes the last of two equal keys in silence; here they are a mistake."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002
        keys = Counter(key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode))
        twice = next((key for key, times in keys.items() if times > 1), None)
        if twice is not None:
            raise yaml.MarkedYAMLError(problem=f"{brief(twice)} is given twice", problem_mark=node.start_mark)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> dict[str, Any]:
    """The names and values in a file, none for an empty one; raises SettingsError for anything else."""
    content = _read(path)
    try:
        values = yaml.load(content.decode(), _Loader)
        if values is None or isinstance(values, dict):
            return {str(key): value for key, value in (values or {}).items()}
    except MALFORMED as error:
        raise SettingsError(f"{path.name}: settings must be YAML or JSON; {_mistake(error)}") from None
    raise SettingsError(f"{path.name}: settings are names with values; found {type(values).__name__}")


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        why = str(getattr(error, "strerror", None) or error)
        reason = why_not_there(path, why) if isinstance(error, FileNotFoundError) else why
        raise SettingsError(f"{path.name[:SHOWN]}: settings cannot be read: {reason}") from None
    if len(content) > MAX_BYTES:
        raise SettingsError(f"{path.name}: settings take up at most {MAX_BYTES:,} bytes; is this another file?")
    return content


def _mistake(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = str(getattr(error, "problem", None) or "this is not such a text")[: 2 * SHOWN]
    return f"{problem}, in line {mark.line + 1}" if mark else problem
