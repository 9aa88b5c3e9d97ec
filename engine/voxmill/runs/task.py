"""What a task of Dask is: cases of a run, done by a warden, whose processes end as soon as its worker is to end."""

from collections.abc import Sequence

from distributed import Worker, WorkerPlugin, get_worker

from voxmill.runs.warden import Done, Limits, Sealed, do, end


def do_on_worker(run: str, cases: Sequence[Sealed], limits: Limits, wanted: str) -> Done:
    """Have cases done as `do` does, which raises the same."""
    worker, ending = get_worker(), Ending(run)
    if ending.name not in worker.plugins:
        worker.loop.add_callback(worker.plugin_add, ending)
    return do(run, cases, limits, wanted)


class Ending(WorkerPlugin):
    """Ends the processes of a run on a worker that closes: it would wait for them, or leave them behind."""

    def __init__(self, run: str) -> None:
        self.run = run
        self.name = f"voxmill-{run}"

    def teardown(self, worker: Worker) -> None:
        """End them."""
        end(self.run)
