"""The kinds of DICOM objects that are read as images (PS3.4 annex B.5), and how their frames are described."""

from enum import Enum

from pydicom import uid
from pydicom._uid_dict import UID_dictionary

from voxmill.errors import brief


class Layout(Enum):
    """Where a slice's place is written."""

    SINGLE = "one frame to a file, its place in the header itself"
    FUNCTIONAL = "many frames to a file, the place of each in functional groups (PS3.3 C.7.6.16)"


IMAGES: dict[str, Layout] = {
    uid.CTImageStorage: Layout.SINGLE,
    uid.MRImageStorage: Layout.SINGLE,
    uid.PositronEmissionTomographyImageStorage: Layout.SINGLE,
    # Research exports write CT and MR so. Most have no geometry, and are refused for that.
    uid.SecondaryCaptureImageStorage: Layout.SINGLE,
    uid.EnhancedCTImageStorage: Layout.FUNCTIONAL,
    uid.EnhancedMRImageStorage: Layout.FUNCTIONAL,
    uid.EnhancedPETImageStorage: Layout.FUNCTIONAL,
    uid.LegacyConvertedEnhancedCTImageStorage: Layout.FUNCTIONAL,
    uid.LegacyConvertedEnhancedMRImageStorage: Layout.FUNCTIONAL,
    uid.LegacyConvertedEnhancedPETImageStorage: Layout.FUNCTIONAL,
}
NEEDS_RESCALE = frozenset(
    {
        uid.CTImageStorage,
        uid.EnhancedCTImageStorage,
        uid.PositronEmissionTomographyImageStorage,
        uid.EnhancedPETImageStorage,
        uid.LegacyConvertedEnhancedCTImageStorage,
        uid.LegacyConvertedEnhancedPETImageStorage,
    }
)
"""Where slope and intercept must be written (PS3.3 C.8.2.1, C.8.9.1): without them values mean nothing."""


def class_name(sop_class: str) -> str:
    """What a class is called in DICOM; of an unknown one, its UID."""
    return str(UID_dictionary[sop_class][0]) if sop_class in UID_dictionary else brief(sop_class)
