"""Files, folders and tables → cases: which images there are, and which masks belong to each.

In: a DICOM file or a folder tree, an image file, or a table (CSV, Parquet), here or at a URL. Out: cases, with nothing
read but headers. cases says what a case is, tables reads tables (calling: what the case of a row is called; rows:
those that cannot be told apart), studies finds those of DICOM (trees of it, listings of what should be there), sources
chooses between them. found is what was read, and what of its notes may be told; headers, what of a header may.
May import voxmill.io, volume, segments, privacy, passing and errors, and pyarrow.
"""
