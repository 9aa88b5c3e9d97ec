"""How many blocks share the places of a box."""

PLACES = 1 << 11
"""Of a block, about: some for every thread."""


def blocks(places: int) -> int:
    """How many blocks work on so many places."""
    return -(-places // PLACES)
