"""Union-find: what belongs together names one that was there before it, the first one itself."""

from voxmill_kernels.jit import njit
from voxmill_kernels.types import Array


@njit
def root(parent: Array, member: int) -> int:
    """The first one of all that belong together with a member; the way to it is shortened."""
    place = int(member)
    while parent[place] != place:
        parent[place] = parent[parent[place]]
        place = parent[place]
    return place


@njit
def unite(parent: Array, one: int, other: int) -> int:
    """Join what two members belong to; gives the first one of it."""
    a, b = root(parent, one), root(parent, other)
    parent[max(a, b)] = min(a, b)
    return min(a, b)
