"""What regions of a case have in common: images that are made of one, and what is read for them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from numpy.typing import NDArray

from voxmill.cases import Case
from voxmill.choices import Choice
from voxmill.computing import Workplace
from voxmill.execute import Kept, Turn, in_turn, keep
from voxmill.fitting import in_turn_there
from voxmill.grid import Window
from voxmill.settings import Settings
from voxmill.volume import Source
from voxmill.voxels import MeasuredImage, Place, Voxels, images_of, is_kept, voxels_of

Box = NDArray[Any]
Images = tuple[list[MeasuredImage], list[str]]


@dataclass(frozen=True)
class Shared:
    """What regions have in common: which images are made of one, found once; a workplace, and what is kept there.

    there: the image of the case; None where nothing is kept on a device.
    """

    settings: Settings
    workplace: Workplace
    there: Kept | None = None
    known: dict[Source, Images] = field(default_factory=dict)

    @classmethod
    def of(cls, case: Case, places: Iterable[Place], workplace: Workplace) -> "Shared":
        """What regions at these places have in common; on a device that has room for it, all that is read for them."""
        shared, device = cls(case.settings, workplace), workplace.device
        if device is None or list(case.settings.images) == ["original"]:
            return shared
        wanted = [
            (one, place.window)
            for place in places
            if not is_kept(place, case.image, case.settings)
            for one in (place.source, *(image.image for image in shared.images(place.source)[0]))
        ]
        return replace(shared, there=keep(wanted, device, workplace.room)) if wanted else shared

    def images(self, image: Source) -> Images:
        """The images that are made of one, and notes on those that cannot be made."""
        if image not in self.known:
            self.known[image] = images_of(image, self.settings)
        return self.known[image]

    def in_turn(self, name: str, wanted: Iterable[tuple[Source, Window]]) -> Turn:
        """Windows of images one after the other, as `in_turn` gives them."""
        there, device = self.there, self.workplace.device
        below = [(image if there is None else there.below(image), window) for image, window in wanted]
        return in_turn(name, below) if device is None else in_turn_there(name, below, self.workplace, device)


def preparing(case: Case, places: Mapping[Choice, Place], work: Shared) -> "Callable[[Choice], Prepared]":
    """What prepares the regions of these places, in their order; images made for regions are kept where that pays."""
    kept = {choice: is_kept(place, case.image, case.settings) for choice, place in places.items()}
    wholes = {one: Window.whole(place.source.grid.shape) for one, place in places.items() if kept[one]}
    turn = work.in_turn("prepare", [(place.source, wholes.get(one, place.window)) for one, place in places.items()])
    made: dict[Source, Kept] = {}

    def prepare(choice: Choice) -> Prepared:
        place, box = places[choice], turn()
        if kept[choice]:
            image = made.setdefault(place.source, Kept(place.source, ((wholes[choice], box),)))
            place, box = replace(place, source=image), image.read(place.window)
        return Prepared.of(place, box, work)

    return prepare


@dataclass(frozen=True)
class Prepared:
    """A region with the images that it is measured in, and notes on those that cannot be made."""

    voxels: Voxels
    images: tuple[MeasuredImage, ...]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, place: Place, box: Box, work: Shared) -> "Prepared":
        """The region of a place, whose box this is; raises RegionError when it cannot be measured."""
        voxels = voxels_of(place, box, work.settings)
        images, notes = work.images(voxels.image)
        return cls(voxels, tuple(images), tuple(notes))
