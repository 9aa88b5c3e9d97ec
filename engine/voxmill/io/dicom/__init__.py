"""DICOM in, Volume and Mask out.

In: files and folders of CT, MR and PET images, one frame or many to a file, compressed or not; segmentations (SEG) and
structure sets (RTSTRUCT). Out: what series there are (Survey, Series), the Volume of one, the Mask of a file, which
mask belongs to which image (Matching), or an InputError of one sentence. Files are untrusted: what a header promises is
checked before anything is allocated, and no link in a folder is followed.

May import voxmill.volume, acquired, suv, segments, grid, passing, quiet and errors, the rest of voxmill.io, the kernel
that fills polygons, NumPy and pydicom; nothing loads this package before a DICOM file is read. discovery finds files,
headers reads what is before their pixels, series groups them, frames says where each slice lies (functional_groups: in
files of many), geometry makes one grid of them, pixels decodes and rescales, pet finds the factor of standardised
uptake values. masks tells masks apart: segmentation reads SEG (segment_frames, planes, stored_planes), rtstruct
RTSTRUCT (contours, filling), both into layers; matching pairs masks and images. repeating and identity find where texts
repeat what identifies a person, region_names hides it in names of regions.
"""

from voxmill.io.dicom.discovery import Failure
from voxmill.io.dicom.headers import Header, read_header
from voxmill.io.dicom.masks import is_mask, read_dicom_mask
from voxmill.io.dicom.matching import ImageRecord, MaskRecord, Matching, Pair, image_record, mask_record, match
from voxmill.io.dicom.reading import read_dicom, read_series
from voxmill.io.dicom.series import Series, Survey, find_series, survey

__all__ = [
    "Failure",
    "Header",
    "ImageRecord",
    "MaskRecord",
    "Matching",
    "Pair",
    "Series",
    "Survey",
    "find_series",
    "image_record",
    "is_mask",
    "mask_record",
    "match",
    "read_dicom",
    "read_dicom_mask",
    "read_header",
    "read_series",
    "survey",
]
