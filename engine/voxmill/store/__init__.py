"""Volume, Mask ↔ OME-Zarr 0.5: a folder that keeps a cohort, of which only the chunks are read that a region needs.

In: Volume and Mask, written as they are: every voxel, type, grid and note. Out: images and masks that read by window,
which an extraction takes in place of files; an InputError of one sentence for what is no store, or damaged. Stores are
untrusted, as files are: sizes are checked before anything is allocated, and no link leads out of the folder.

layout says what lies where, and in which chunks; attributes what is written beside the voxels; arrays opens what
shards has written and windows reads; settling waits for the disk; tables reads those that lie beside the cases, of
which carried is one: what else is known of cases.
May import voxmill.volume, suv, segments, grid, drafts and errors, the facts of voxmill_kernels, NumPy, pydantic,
PyArrow and zarr.
"""

from voxmill.store.images import StoredImage
from voxmill.store.masks import StoredMask
from voxmill.store.reading import Store, StoredCase, is_store, open_store
from voxmill.store.writing import create_store, erase, erase_mask, finish_case, new_case, write_image, write_mask

__all__ = [
    "Store",
    "StoredCase",
    "StoredImage",
    "StoredMask",
    "create_store",
    "erase",
    "erase_mask",
    "finish_case",
    "is_store",
    "new_case",
    "open_store",
    "write_image",
    "write_mask",
]
