"""How a case ends: what a ledger holds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """Whether a case has a result."""

    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class Record:
    """How a case ended.

    key: what tells it from other cases, as its job makes it. case: its name, as it may be told to others. result: what
    came out, as JSON can hold it; of a failure, what is known of the case all the same. step, reason, sentence: where a
    case failed, the kind of failure, and why, for a person.
    """

    key: str
    case: str
    outcome: Outcome
    result: Mapping[str, Any] = field(default_factory=dict)
    step: str = ""
    reason: str = ""
    sentence: str = ""
