"""What several threads ask for is made together, and comes to each as if it had asked alone."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event

import pytest

from voxmill.combining import Combiner, Work

PATIENCE_S = 20.0


@dataclass
class Squares:
    """Makes squares, and notes the batches; the first waits until it may go on.

    room: for how large numbers. interrupted: whether a signal comes while several are made, once.
    """

    room: int = 1000
    interrupted: bool = False
    batches: list[list[int]] = field(default_factory=list)
    begun: Event = field(default_factory=Event)
    free: Event = field(default_factory=Event)

    def make(self, rule: str, given: Sequence[int]) -> list[str]:
        self.batches.append(list(given))
        if not self.begun.is_set():
            self.begun.set()
            assert self.free.wait(PATIENCE_S)
        if 13 in given:
            raise ValueError("13 has no square")
        if self.interrupted and len(given) > 1:
            self.interrupted = False
            raise KeyboardInterrupt
        return [f"{rule}{one**2}" for one in given]


def ask(squares: Squares, *asked: tuple[str, list[int]]) -> list[Future[Sequence[str]]]:
    """Ask for these while the first of them, and nothing else, is made."""
    combiner = Combiner(Work(squares.make, int, lambda rule: squares.room))
    found = []
    with ThreadPoolExecutor(len(asked)) as pool:
        for number, (rule, given) in enumerate(asked, start=1):
            found.append(pool.submit(combiner.made, rule, given))
            wait_for(lambda number=number: combiner.asking == number)  # type: ignore[misc]
            assert squares.begun.wait(PATIENCE_S)
        squares.free.set()
    assert combiner.asking == 0
    return found


def wait_for(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_what_gathers_is_made_together() -> None:
    squares = Squares()
    found = ask(squares, ("a", [1]), ("a", [2, 3]), ("a", [4]), ("a", [5]))
    assert [one.result() for one in found] == [["a1"], ["a4", "a9"], ["a16"], ["a25"]]
    first, together = squares.batches
    assert first == [1]
    assert sorted(together) == [2, 3, 4, 5]


def test_what_follows_other_rules_is_made_apart() -> None:
    squares = Squares()
    found = ask(squares, ("a", [1]), ("a", [2]), ("b", [3]), ("a", [4]), ("b", [5]))
    assert [one.result() for one in found] == [["a1"], ["a4"], ["b9"], ["a16"], ["b25"]]
    assert sorted(map(sorted, squares.batches)) == [[1], [2, 4], [3, 5]]


@pytest.mark.parametrize("room, batches", [(9, 2), (5, 3), (0, 4)])
def test_as_much_as_there_is_room_for(room: int, batches: int) -> None:
    """At least what a thread asks for: it knows what that takes."""
    squares = Squares(room)
    found = ask(squares, ("a", [9]), ("a", [3]), ("a", [3]), ("a", [2]))
    assert [one.result() for one in found] == [["a81"], ["a9"], ["a9"], ["a4"]]
    assert len(squares.batches) == batches
    assert all(len(batch) == 1 or sum(batch) <= room for batch in squares.batches)


def test_a_failure_is_that_of_one() -> None:
    squares = Squares()
    found = ask(squares, ("a", [1]), ("a", [2]), ("a", [13]), ("a", [4]))
    assert [one.result() for one in (found[0], found[1], found[3])] == [["a1"], ["a4"], ["a16"]]
    with pytest.raises(ValueError, match="13 has no square"):
        found[2].result()
    assert sorted(map(sorted, squares.batches)) == [[1], [2], [2, 4, 13], [4], [13]]


def test_an_interruption_is_that_of_the_thread_that_works() -> None:
    """What it had taken with it is made by the others."""
    squares = Squares(interrupted=True)
    found = ask(squares, *[("a", [one]) for one in range(1, 6)])
    made = [f"a{one**2}" for one in range(1, 6) if found[one - 1].exception() is None]
    assert [text for one in found if one.exception() is None for text in one.result()] == made
    (interruption,) = [one.exception() for one in found if one.exception() is not None]
    assert isinstance(interruption, KeyboardInterrupt)
