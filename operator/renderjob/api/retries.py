"""`spec.retries`: what a failure costs, how long to wait, and rules that give an exit or a log line a meaning."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from renderjob.progress import expression

from .base import ApiModel, cel
from .duration import Duration
from .quantity import Memory

LOG_LIMIT = 16_384
"""Characters of the end of a log that rules are tried on; executors keep less of it."""

EXPRESSIONS_LIMIT = 4000
"""Instructions that the expressions of all rules may come to together: each is tried on each line of a log's end."""

_CODES = re.compile(r"^[0-9]{1,3}(-[0-9]{1,3})?$")


class OnFailure(StrEnum):
    """What becomes of the rest when frames failed for good, more of them than are tolerated."""

    CONTINUE = "Continue"
    STOP = "Stop"


class RuleAction(StrEnum):
    """What a rule does."""

    RETRY = "Retry"
    FAIL_CHUNK = "FailChunk"
    FAIL_JOB = "FailJob"
    BACK_OFF = "BackOff"
    RAISE_MEMORY = "RaiseMemory"
    IGNORE = "Ignore"


def _codes_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _checked_codes(text: str) -> str:
    low, _, high = text.partition("-")
    if not _CODES.fullmatch(text) or not int(low) <= int(high or low) <= 255:
        raise ValueError("must be an exit code such as 33, or a range such as 64-78, from 0 to 255")
    return text


def _checked_regex(text: str) -> str:
    expression(text)
    return text


ExitCodes = Annotated[
    str,
    BeforeValidator(_codes_text),
    AfterValidator(_checked_codes),
    WithJsonSchema(
        {
            "x-kubernetes-int-or-string": True,
            "minimum": 0,
            "maximum": 255,
            "pattern": _CODES.pattern,
            "maxLength": 7,
        }
    ),
]
Regex = Annotated[str, Field(min_length=1, max_length=1024), AfterValidator(_checked_regex)]


class Rule(ApiModel):
    """The first rule that fits a finished attempt decides; what none fits has its built-in class."""

    model_config = ConfigDict(
        json_schema_extra=cel(("has(self.exitCodes) || has(self.log)", "set exitCodes, log or both"))
    )

    exit_codes: Annotated[list[ExitCodes], Field(min_length=1, max_length=64)] | None = None
    """Exit codes and ranges, such as 33 or 64-78."""
    log: Regex | None = None
    """A regular expression (RE2's), searched for in each line of the end of the log; with exitCodes, both must
    fit."""
    action: RuleAction
    """Retry: spend a retry. FailChunk: this chunk is neither retried nor split. FailJob: the job fails at once.
    BackOff: the whole job waits, no retry is spent. RaiseMemory: again with more memory. Ignore: again, free."""

    @model_validator(mode="after")
    def _some_test(self) -> Self:
        if self.exit_codes is None and self.log is None:
            raise ValueError("set exitCodes, log or both")
        return self

    def fits(self, exit_code: int | None, log: str) -> bool:
        """Whether an attempt that ended with this exit code and this end of its log is meant."""
        if self.exit_codes is not None and not any(_in_codes(c, exit_code) for c in self.exit_codes):
            return False
        if self.log is None:
            return True
        # Line by line, so that ^ and $ mean what they seem to.
        found = expression(self.log).found
        return any(found(line) for line in log[-LOG_LIMIT:].splitlines())


def _in_codes(codes: str, exit_code: int | None) -> bool:
    low, _, high = codes.partition("-")
    return exit_code is not None and int(low) <= exit_code <= int(high or low)


class BackoffSpec(ApiModel):
    """The wait before a retry: initial, then factor times as long each time, up to max, give or take a tenth."""

    initial: Duration = 10.0
    """Before the first retry; 0s does not wait."""
    factor: Annotated[float, Field(ge=1, le=100)] = 2.0
    """How much longer each further wait is."""
    max: Duration = 600.0
    """The longest wait."""


class MemoryGrowth(ApiModel):
    """More memory for a chunk that ran out of it."""

    factor: Annotated[float, Field(ge=1, le=10)] = 1.5
    """How much more each time."""
    max: Memory | None = None
    """The most memory to ask for; without it memory is never raised."""


class RetriesSpec(ApiModel):
    """What may be tried again, and how."""

    per_chunk: Annotated[int, Field(ge=0, le=1000)] = 3
    """Attempts of a chunk beyond the first, for failures that count."""
    per_job: Annotated[int, Field(ge=0, le=1000)] = 0
    """Whole passes over what failed, after its chunks have used up their retries."""
    on_failure: OnFailure = OnFailure.CONTINUE
    """When more frames failed for good than are tolerated. Continue: the rest is rendered first, and the job then
    fails with the list of what is missing. Stop: the job fails at once, and what runs is stopped."""
    canary: bool = True
    """Stop the job when the first chunks all fail alike, before anything has succeeded: what is broken then
    is the manifest, and ten thousand pods would show no more."""
    backoff: BackoffSpec = Field(default_factory=BackoffSpec)
    """How long to wait."""
    memory: MemoryGrowth = Field(default_factory=MemoryGrowth)
    """What follows an out-of-memory kill."""
    rules: Annotated[list[Rule], Field(max_length=64)] = Field(default_factory=list)
    """First match wins."""

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        sizes = [(expression(rule.log).size, i) for i, rule in enumerate(self.rules) if rule.log is not None]
        together = sum(size for size, _ in sizes)
        if together > EXPRESSIONS_LIMIT:
            raise ValueError(
                f"rules: the expressions come to {together} steps together, rules[{max(sizes)[1]}].log alone to "
                f"{max(sizes)[0]}; at most {EXPRESSIONS_LIMIT} are accepted; repeat less often, or join rules"
            )
        return self
