"""What of a source stands apart from what is measured; a run tells of it wherever it says what it has come to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from voxmill.discovery.cases import LeftOut
from voxmill.errors import InputError

if TYPE_CHECKING:
    from voxmill.store.unfinished import Unfinished

STEP = "convert"
"""The step at which conversion failed, in the table of a run."""
Row = Mapping[str, str]


@dataclass(frozen=True)
class Apart:
    """What of a source is not measured, or not as it is now.

    left_out: what is no case. lost: what conversion could not bring into the store. outdated: cases that it could not
    convert again, which are in the store as they were before. unfinished: a conversion that has not come to its end.
    missing: the images that were left out, as their files are not there.
    """

    left_out: tuple[LeftOut, ...] = ()
    lost: tuple[Row, ...] = ()
    outdated: tuple[Row, ...] = ()
    unfinished: "Unfinished | None" = None
    missing: tuple[LeftOut, ...] = ()

    @property
    def is_lacking(self) -> bool:
        """Whether the store is not all of what it was made of."""
        return bool(self.lost or self.outdated or self.unfinished)

    @property
    def counts(self) -> dict[str, int]:
        """How much there is of what is counted apart from failures."""
        return {
            "not_converted": len(self.lost),
            "not_converted_again": len(self.outdated),
            "not_converted_yet": 0 if self.unfinished is None else self.unfinished.missing,
            "missing": len(self.missing),
        }

    @property
    def rows(self) -> list[Row]:
        """Rows of the table of failures for that."""
        whole = {"step": STEP, "reason": InputError.__name__, "sentence": str(self.unfinished)}
        to_come = [] if self.unfinished is None else [whole]
        return [*self.lost, *self.outdated, *map(row_of, self.missing), *to_come]


def row_of(left_out: LeftOut) -> Row:
    """What was left out, as a row of the table of failures."""
    where = {"case": left_out.name, "image": left_out.image, "step": left_out.step}
    return {**where, "reason": InputError.__name__, "sentence": left_out.sentence}


NOTHING = Apart()
