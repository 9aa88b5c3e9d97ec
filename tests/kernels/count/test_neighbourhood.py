"""The tables of neighbours, for all of the 8192 sets."""

import numpy as np

from voxmill_kernels.count.neighbourhood import DIRECTIONS, LOWEST, REPRESENTATIVES

SETS = range(1 << 13)


def members(number: int) -> set[int]:
    return {k for k in range(13) if number >> k & 1}


def groups(left: set[int]) -> list[set[int]]:
    """The neighbours of a set that touch each other, by face, edge or corner, or through others of the set."""
    found = []
    while left:
        group = [left.pop()]
        for one in group:  # the list grows while it is walked
            near = {k for k in left if np.abs(DIRECTIONS[k] - DIRECTIONS[one]).max() <= 1}
            group += near
            left -= near
        found.append(set(group))
    return found


def test_lowest_is_the_first_member() -> None:
    assert all(LOWEST[number] == min(members(number), default=0) for number in SETS)


def test_every_group_has_one_representative() -> None:
    for number in SETS:
        chosen = members(int(REPRESENTATIVES[number]))
        assert [len(chosen & group) for group in groups(members(number))] == [1] * len(chosen), number
