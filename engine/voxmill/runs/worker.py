"""What happens to one case, in whichever process: a job does it, and a record says how it ended."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from voxmill.errors import InputError, OutputError, VoxmillError, mistake
from voxmill.passing import Unreachable, reading
from voxmill.runs.records import Outcome, Record, Result

Case = TypeVar("Case")
CaseIn = TypeVar("CaseIn", contravariant=True)
MEMORY = "MemoryError"
NOTHING: Mapping[str, Any] = {}


class Job(Protocol[CaseIn]):
    """What is done with every case. It goes to other processes by pickle, as its cases do.

    It may have `resources`: what its cases can use, CPU or GPU or both, of runs.lanes; without it they use no GPU. And
    it may have `is_transient(record)`: whether a case has ended, done or failed, in a way that may pass, beside those
    that is_transient knows; then it is tried once more. And `spends(record)`: whether the process that did a case is to
    do no other, as something in it is broken; `is_spoilt(record)`: whether the case may have ended otherwise had that
    done no others meanwhile, beside those after which it is to do no other. Cases that use a GPU are done by several
    threads of a process at a time; what is spoilt or lost there is done once more by itself.
    """

    def key(self, case: CaseIn) -> str:
        """What tells cases apart: one whose key has ended is not done again. All that must not be mixed goes in."""

    def name(self, case: CaseIn) -> str:
        """What a case is called in records and logs, where no identifier may stand."""

    def known(self, case: CaseIn) -> Mapping[str, Any]:
        """What its record holds when it fails, as JSON can hold it."""

    def load(self, case: CaseIn) -> None:
        """Load the libraries that do it, in the process that is to: that is none of the case's time."""

    def do(self, case: CaseIn, enter: Callable[[str], None]) -> Mapping[str, Any]:
        """Do it; what came out, as JSON can hold it. `enter` is told which step begins.

        Raises VoxmillError for a case that cannot be done (CaseError with what is to be known of that), OutputError
        when no case can be: the output is full.
        """


class CaseError(InputError):
    """A case that cannot be done; found: what its record holds beside what is known of the case; reason: what kind."""

    def __init__(self, sentence: str, found: Mapping[str, Any], reason: str = InputError.__name__) -> None:
        super().__init__(sentence)
        self.found, self.reason = found, reason


def attempt(job: Job[Case], case: Case) -> Record:
    """Do a case: its record, whatever happens, but for OutputError, which ends a run."""
    steps = ["begin"]
    try:
        with reading("the case"):
            return Record(job.key(case), job.name(case), Outcome.DONE, Result.of(job.do(case, steps.append)))
    except OutputError:
        raise
    except VoxmillError as error:
        found, reason = (error.found, error.reason) if isinstance(error, CaseError) else ({}, type(error).__name__)
        return failed(job, case, step=steps[-1], reason=reason, sentence=str(error), found=found)
    except MemoryError:
        sentence = "it needs more memory than there is, even alone; free some"
        return failed(job, case, step=steps[-1], reason=MEMORY, sentence=sentence)
    except Exception as error:
        return failed(job, case, step=steps[-1], reason=type(error).__name__, sentence=mistake(error))


def failed(
    job: Job[Case], case: Case, *, step: str, reason: str, sentence: str, found: Mapping[str, Any] = NOTHING
) -> Record:
    """The record of a case that failed."""
    return Record(job.key(case), job.name(case), Outcome.FAILED, {**job.known(case), **found}, step, reason, sentence)


def is_transient(job: Job[Case], record: Record) -> bool:
    """Whether a case failed for what may have passed when it is tried again: room in memory, files out of reach."""
    theirs: Callable[[Record], bool] | None = getattr(job, "is_transient", None)
    return record.reason in (MEMORY, Unreachable.__name__) or (theirs is not None and theirs(record))


def is_spoilt(job: Job[Case], record: Record) -> bool:
    """Whether a case may have ended otherwise, had its process done no others meanwhile."""
    theirs: Callable[[Record], bool] | None = getattr(job, "is_spoilt", None)
    return spends(job, record) or (theirs is not None and theirs(record))


def spends(job: Job[Case], record: Record) -> bool:
    """Whether a process is to do no more cases after this one."""
    theirs: Callable[[Record], bool] | None = getattr(job, "spends", None)
    return theirs is not None and theirs(record)
