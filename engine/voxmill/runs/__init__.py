"""Many cases, durably: every case ends as one record, results or a failure, and running again does what is missing.

In: a job (what is done with a case) and its cases. Out: records in a ledger. records, parts, disk, lock and ledger are
what lies on the disk; worker is what happens to one case, in whichever process; child is a process that does cases, and
warden, in a worker of Dask, what starts and watches it; sharing is how several cases are done in one, and memory tells
how much that has had; lanes says which workers there are; ending is what ends them with that worker, and
with the run; places says where that is; cluster hands cases out; runner does them there or here, until signals ask it
to end.
Knows nothing of images or features: may import voxmill.errors, passing, computing and grouping, pyarrow, psutil and
Dask.
"""
