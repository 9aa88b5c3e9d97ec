"""Files of a hospital → a store: its cases found, each converted durably, and tables of what was and what was not.

In: a DICOM file or a folder tree, an image file, or a table of images and masks. Out: a store, its index.parquet and
failures.parquet; beside it STORE.ledger (how every case ended) and STORE.key (what names were made with). job
converts a case (kept: in one that is there already; content: whether files hold the same as it; fit: whether it will be
measured), carrying chooses columns of a table, index writes the tables, origins the one of the owner, converting does
it all, removal erases a case.
"""

from voxmill.conversion.converting import Converted, convert
from voxmill.conversion.removal import Removed, remove_case

__all__ = ["Converted", "Removed", "convert", "remove_case"]
