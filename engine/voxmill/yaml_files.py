"""YAML and JSON files of settings → names with values."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from voxmill.errors import SettingsError


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader, which takes the last of two equal keys in silence; here they are a mistake."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        twice = next((key for key in keys if keys.count(key) > 1), None)
        if twice is not None:
            raise yaml.MarkedYAMLError(problem=f"{twice!r} is given twice", problem_mark=node.start_mark)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> dict[str, Any]:
    """The names and values in a file, none for an empty one; raises SettingsError for anything else."""
    try:
        values = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except OSError as error:
        raise SettingsError(f"{path.name}: settings cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise SettingsError(f"{path.name}: settings must be YAML or JSON; {_mistake(error)}") from None
    if values is not None and not isinstance(values, dict):
        raise SettingsError(f"{path.name}: settings are names with values; found {type(values).__name__}")
    return {str(key): value for key, value in (values or {}).items()}


def _mistake(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "this is not such a text"
    return f"{problem}, in line {mark.line + 1}" if mark else problem
