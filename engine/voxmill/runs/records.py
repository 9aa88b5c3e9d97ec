"""How a case ends: what a ledger holds."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any


class Outcome(StrEnum):
    """Whether a case has a result."""

    DONE = "done"
    FAILED = "failed"


class Result(Mapping[str, Any]):
    """What came out of a case, as JSON: read when somebody looks, as thousands of values pass many hands unread."""

    def __init__(self, text: str) -> None:
        self.text = text

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Result":
        """From values; raises TypeError or ValueError for what JSON cannot hold."""
        return cls(json.dumps(dict(values), allow_nan=False))

    @cached_property
    def _values(self) -> dict[str, Any]:
        return dict(json.loads(self.text))

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - whatever JSON holds
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Result({self.text!r})"


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

    @property
    def texts(self) -> tuple[str, ...]:
        """Its fields in order, as a ledger keeps them."""
        result = self.result if isinstance(self.result, Result) else Result.of(self.result)
        return self.key, self.case, self.outcome.value, result.text, self.step, self.reason, self.sentence

    @classmethod
    def of_texts(cls, texts: Sequence[str]) -> "Record":
        """The record that was kept as these."""
        key, case, outcome, result, step, reason, sentence = texts
        return cls(key, case, Outcome(outcome), Result(result), step, reason, sentence)
