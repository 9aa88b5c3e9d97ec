"""DICOM images in, Volume out.

In: files and folders of CT, MR and PET images, one frame or many to a file, compressed or not. Out: what series there
are (Survey, Series) and the Volume of one, or an InputError of one sentence. Files are untrusted: what a header
promises is checked before anything is allocated, and links are not followed out of a folder.

May import voxmill.volume, suv, grid and errors, the rest of voxmill.io, NumPy and pydicom; nothing loads this package
before a DICOM file is read. discovery finds files, headers reads what is before their pixels, series groups them,
frames says where each slice lies, geometry makes one grid of them, pixels decodes and rescales, pet finds the factor of
standardised uptake values.
"""

from voxmill.io.dicom.discovery import Failure
from voxmill.io.dicom.headers import Header, read_header
from voxmill.io.dicom.reading import read_dicom, read_series
from voxmill.io.dicom.series import Series, Survey, find_series, survey

__all__ = ["Failure", "Header", "Series", "Survey", "find_series", "read_dicom", "read_header", "read_series", "survey"]
