"""Names of segments as files give them → names that tell all segments of a mask apart."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from voxmill.volume import Mask


def distinct(names: Mapping[int, str] | Mapping[tuple[int, int], str], mask: Mask) -> dict[tuple[int, int], str]:
    """The names of the segments that were drawn, by layer and label, told apart where a name says too little.

    They are given by label, or by layer and label. Label and layer follow in brackets where two segments are called
    alike, or one as another's label.
    """
    known: Mapping[Any, str] = names
    keys = [(one.layer, one.label) for one in mask.segments]
    called = {key: known.get(key, known.get(key[1], "")) for key in keys}
    given = {key: name for key, name in called.items() if name not in ("", str(key[1]))}
    labelled = {key: f"{name} ({key[1]})" for key, name in given.items()}
    layered = {key: f"{name} ({key[1]}, layer {key[0]})" for key, name in given.items()}
    taken = Counter([*given.values(), *{str(label) for _, label in keys}])
    twice = Counter(labelled.values())
    return {
        key: name if taken[name] == 1 else labelled[key] if twice[labelled[key]] == 1 else layered[key]
        for key, name in given.items()
    }
