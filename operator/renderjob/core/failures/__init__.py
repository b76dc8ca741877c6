"""Why attempts fail: one table of verdicts from evidence. A new kind of end is a row of it, and a recorded pod."""

from collections.abc import Mapping
from typing import Final

from renderjob.api import FailureClass

from .signature import signature
from .table import PRECEDENCE, TABLE, Row, classify
from .verdict import Blame, Cost, Ended, Pause, Remedy, Verdict

COUNTERS: Final[Mapping[FailureClass, str]] = {
    FailureClass.ERROR: "error",
    FailureClass.OUT_OF_MEMORY: "out_of_memory",
    FailureClass.DISRUPTED: "disrupted",
    FailureClass.NODE: "node",
    FailureClass.BACK_OFF: "backed_off",
    FailureClass.STALLED: "stalled",
    FailureClass.TIMED_OUT: "timed_out",
    FailureClass.TOO_FAST: "too_fast",
    FailureClass.NO_OUTPUT: "no_output",
    FailureClass.RENDERER: "renderer",
    FailureClass.CONFIG: "config",
}
"""The field of status.attempts in which a class is counted."""

__all__ = [
    "COUNTERS",
    "PRECEDENCE",
    "TABLE",
    "Blame",
    "Cost",
    "Ended",
    "Pause",
    "Remedy",
    "Row",
    "Verdict",
    "classify",
    "signature",
]
