"""How often a case is tried, and how: beside others, with a GPU to itself, again, or alone."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Generic

from voxmill.runs.lanes import GPU, TOGETHER
from voxmill.runs.records import Record
from voxmill.runs.warden import Lost
from voxmill.runs.worker import MEMORY, Case, Job, failed, is_spoilt, is_transient


@dataclass(frozen=True)
class Stage:
    """A part of a run, by how its cases are done; they come in the order of STAGES.

    is_apart: each with a GPU to itself, in a process that nothing else has used. is_again: what fails for what may pass
    is not tried once more. is_alone: each with nothing beside it, and without a GPU.
    """

    is_apart: bool = False
    is_again: bool = False
    is_alone: bool = False


SHARED, APART = Stage(), Stage(is_apart=True)
AGAIN, AGAIN_APART = Stage(is_again=True), Stage(is_apart=True, is_again=True)
ALONE = Stage(is_again=True, is_alone=True)
STAGES = (SHARED, APART, AGAIN, AGAIN_APART, ALONE)
MANY = 8 * TOGETHER
"""When so many wait to be tried apart, they are, before any other is begun: their records are in memory alone."""
ENOUGH = 3
"""When so many in a row are spoilt apart too, that is no other's doing, and what is spoilt is left as it is."""
SENTENCES = {
    Lost.DIED: "its process ended without a word, even alone: a library crashed on it, or the system killed it",
    Lost.MEMORY: "it needs more memory than a case may take, even alone; allow more",
    Lost.TIME: "it took longer than a case may, even alone; allow more time",
}


class Tries(Generic[Case]):
    """Cases of a job that are to be tried once more, and the records that others may have spoilt, until then."""

    def __init__(self, job: Job[Case]) -> None:
        self.job = job
        self._waiting: dict[Stage, deque[Case]] = {stage: deque() for stage in STAGES}
        self._spoilt: dict[str, Record] = {}
        self._left: list[Record] = []
        self._in_a_row = 0

    def ended(self, case: Case, stage: Stage, kind: str, answer: Record | Lost) -> Record | None:
        """The record of a case that has ended in a lane of a kind; None where it is tried once more."""
        later = self._later(stage, kind, answer)
        if stage.is_apart and isinstance(answer, Record):
            self._in_a_row = self._in_a_row + 1 if is_spoilt(self.job, answer) else 0
        if later is not None:
            if later.is_apart and isinstance(answer, Record) and not _is_lost(answer):
                self._spoilt[answer.key] = answer
            self._waiting[later].append(case)
            return None
        if isinstance(answer, Lost):
            answer = failed(self.job, case, step="begin", reason=answer.value, sentence=SENTENCES[answer])
        self._spoilt.pop(answer.key, None)
        return answer

    def are_many(self) -> bool:
        """Whether so many wait to be tried apart that no other is to be begun before."""
        return len(self._waiting[APART]) >= MANY

    def waiting(self, stage: Stage) -> Iterator[Case]:
        """The cases that wait for a stage, but for those that are left as they are; then none waits any more."""
        waiting = self._waiting[stage]
        while waiting:
            case = waiting.popleft()
            if stage.is_apart and self._is_no_others_doing and (key := self.job.key(case)) in self._spoilt:
                self._left.append(self._spoilt.pop(key))
            else:
                yield case

    def left(self) -> Iterator[Record]:
        """The records of cases that are left as they are, each once."""
        while self._left:
            yield self._left.pop()

    def leave(self) -> None:
        """Leave as they are all that others may have spoilt: nothing is tried any more."""
        self._left += self._spoilt.values()
        self._spoilt.clear()

    def _later(self, stage: Stage, kind: str, answer: Record | Lost) -> Stage | None:
        """When a case is tried again; None where this is its end."""
        if not stage.is_apart and kind == GPU and self._may_be_anothers_doing(answer):
            return replace(stage, is_apart=True)
        if _is_lost(answer):
            return None if stage.is_alone else ALONE
        may_pass = isinstance(answer, Record) and is_transient(self.job, answer)
        return AGAIN if may_pass and not stage.is_again else None

    def _may_be_anothers_doing(self, answer: Record | Lost) -> bool:
        """Whether a case that shared a GPU may have ended so because of those beside it."""
        if isinstance(answer, Lost) or _is_lost(answer):
            return True
        return not self._is_no_others_doing and is_spoilt(self.job, answer)

    @property
    def _is_no_others_doing(self) -> bool:
        return self._in_a_row >= ENOUGH


def _is_lost(answer: Record | Lost) -> bool:
    """Whether nothing came of a case, for want of memory or otherwise."""
    return isinstance(answer, Lost) or answer.reason == MEMORY
