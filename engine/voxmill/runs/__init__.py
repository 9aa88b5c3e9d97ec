"""Many cases, durably: every case ends as one record, results or a failure, and running again does what is missing.

In: a job (what is done with a case) and its cases. Out: records in a ledger. records, lock and ledger are what lies on
the disk; worker is what happens to one case, in whichever process; runner does cases in this process or in a pool of
others. Knows nothing of images or features: may import voxmill.errors and voxmill.drafts, and pyarrow.
"""
