"""The decision core: pure functions of (spec, status, observed, now). No I/O, no clock."""

from .actions import Action, Attempt, Forget, Kind, Start, Stop, StopReason
from .decide import decide
from .decision import Decision, Event
from .digest import digest_of, is_same, render_digest
from .edit_cost import EditCost, edit_cost
from .invalid import decide_costly, decide_invalid
from .observed import AttemptObservation, Dependency, Observed, Phase, Refusal
from .soundness import unreadable_in

__all__ = [
    "Action",
    "Attempt",
    "AttemptObservation",
    "Decision",
    "Dependency",
    "EditCost",
    "Event",
    "Forget",
    "Kind",
    "Observed",
    "Phase",
    "Refusal",
    "Start",
    "Stop",
    "StopReason",
    "decide",
    "decide_costly",
    "decide_invalid",
    "digest_of",
    "edit_cost",
    "is_same",
    "render_digest",
    "unreadable_in",
]
