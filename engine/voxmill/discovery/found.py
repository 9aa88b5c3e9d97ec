"""Images and masks that were read, and what of their notes may be told: nothing that repeats a person's header."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from voxmill.io.dicom.identity import Identity
    from voxmill.volume import Mask, Volume

OF_ANOTHER = (
    "it is of another patient than the images of its case before it (PatientID); give each patient a case of its own"
)
"""Why an image is no part of its case."""


@dataclass(frozen=True)
class FoundMask:
    """A mask that was read; replaced: those of its notes that say which names of regions were replaced."""

    mask: "Mask"
    replaced: tuple[str, ...] = ()


@dataclass(frozen=True)
class FoundImage:
    """An image that was read.

    identity: what its header says of a person, None where that may be told. header: where nobody has told of it yet.
    """

    volume: "Volume"
    identity: "Identity | None" = None
    header: "Dataset | None" = None

    @property
    def patient(self) -> str:
        """Whose it is (PatientID), where a header says so that nobody has told of yet; '' otherwise."""
        return patient_in(self.header)

    def renamed(self, name: str, tell: Callable[[str], str], *, notes: Sequence[str] = ()) -> "Volume":
        """The volume by another name, with further notes; tell: what of a sentence may be told, beside the identity."""

        def told(sentence: str) -> str:
            return withheld(tell(sentence), self.identity)

        suv = self.volume.suv
        if suv is not None:
            suv = replace(suv, how=told(suv.how), notes=tuple(map(told, suv.notes)))
        return self.volume.renamed(name, notes=list(map(told, (*self.volume.notes, *notes))), suv=suv)


def patient_in(header: "Dataset | None") -> str:
    """Whose an image is by its header (PatientID); '' where it has none, or that does not say so."""
    if header is None:
        return ""
    from voxmill.io.dicom.tags import text

    return text(header, "PatientID")


def withheld(sentence: str, identity: "Identity | None") -> str:
    """A sentence without what it repeats of a header that it may not repeat."""
    return sentence if identity is None else identity.withheld(sentence)
