"""A chain of operators and a window that is wanted → the windows that every operator, and the source, must give."""

from dataclasses import dataclass

from voxmill.grid import Window
from voxmill.operators.operator import Facts, Form, Operator


@dataclass(frozen=True)
class Link:
    """An operator of a chain, with the form and the facts of what it is given, and the form of what it makes."""

    operator: Operator
    given: Form
    facts: Facts
    made: Form

    @classmethod
    def of(cls, operator: Operator, given: Form, facts: Facts) -> "Link":
        """The link of an operator; raises what the operator raises when these facts are of no use to it."""
        return cls(operator, given, facts, operator.form(given, facts))


@dataclass(frozen=True)
class Task:
    """A window to make by a link, from the windows that are made before it; to read, where there is none."""

    window: Window
    link: Link | None = None
    inputs: tuple["Task", ...] = ()


def plan(links: tuple[Link, ...], window: Window) -> Task:
    """What to read and to compute for a window of what a chain makes: its operators' needs, composed backwards."""
    if not links:
        return Task(window)
    last = links[-1]
    needed = last.operator.needs(window, last.given)
    return Task(window, last, tuple(plan(links[:-1], one) for one in needed))
