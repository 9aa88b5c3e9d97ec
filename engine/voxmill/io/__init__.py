"""Files and SimpleITK images in, Volume and Mask out, and back into files.

In: NIfTI, NRRD and MetaImage files, files and folders of DICOM, and images of SimpleITK. Out: Volume and Mask, each
with its grid and name; an InputError of one sentence for everything that is none. Files are untrusted: what a header
promises is checked against the file before anything is allocated, and a header leads to no file outside its own folder.

May import voxmill.volume, acquired, suv, segments, grid, drafts, passing, quiet and errors, the kernel that fills
polygons, NumPy, SimpleITK, nibabel, pydicom and fsspec; the last four only when a file is read or written. One module
per format (nrrd, metaimage, nifti; dicom is a package), one for what they share with SimpleITK (itk), one for files as
such (files), one for the paths that SimpleITK takes (plain). Of files at URLs, remote says what is there, fetching
brings it here, into a folder of scratch, and storage is what fsspec knows.
"""

from voxmill.io.images import read_image
from voxmill.io.masks import read_mask, read_mask_near
from voxmill.io.writing import write_image, write_mask

__all__ = ["read_image", "read_mask", "read_mask_near", "write_image", "write_mask"]
