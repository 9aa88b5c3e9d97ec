"""What a cluster of Dask keeps of a run: its processes end as soon as the worker that they belong to is to end."""

from distributed import Worker, WorkerPlugin

from voxmill.runs.warden import begin, end


class Ending(WorkerPlugin):
    """Ends the processes of a run on a worker that closes, or when the run has ended.

    Otherwise a worker would wait for them, or leave them behind. A scheduler may give it to a worker twice, which puts
    it off before it is put on again; so putting it on begins the run.
    """

    def __init__(self, run: str) -> None:
        self.run = run
        self.name = f"voxmill-{run}"

    def setup(self, worker: Worker) -> None:
        """Let the run have processes."""
        begin(self.run)

    def teardown(self, worker: Worker) -> None:
        """End them."""
        end(self.run)
