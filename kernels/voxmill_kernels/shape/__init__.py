"""Where a region lies in its box → whole numbers of its surface, its extent and its moments.

In: a box of booleans. Out: integers in units of half a voxel; spacing comes in at the end.
"""
