"""Rows of a case as a record holds them: names of features once for many rows, values as float64, to the last bit."""

import zlib
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

MANY = 256
"""How many lists of names are kept unpacked: a cohort has few, as they follow from settings and dimensions."""


def pack_values(values: Sequence[float]) -> str:
    """Numbers as text, NaN and infinity among them."""
    return b64encode(np.asarray(values, "<f8").tobytes()).decode()


def unpack_values(packed: str) -> NDArray[np.float64]:
    """The same numbers again."""
    return np.frombuffer(b64decode(packed), "<f8")


def pack_features(features: Mapping[str, float]) -> dict[str, str]:
    """Features by name as two texts: names and values."""
    return {"names": _pack_names(tuple(features)), "values": pack_values(list(features.values()))}


@lru_cache(MANY)
def _pack_names(names: tuple[str, ...]) -> str:
    return b64encode(zlib.compress("\n".join(names).encode())).decode()


@lru_cache(MANY)
def unpack_names(packed: str) -> tuple[str, ...]:
    """The names of features, in their order."""
    text = zlib.decompress(b64decode(packed)).decode()
    return tuple(text.split("\n")) if text else ()
