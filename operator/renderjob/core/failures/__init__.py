"""Why attempts fail: one table of verdicts from evidence. A new kind of end is a row of it, and a recorded pod."""

from .classes import FAILURE_CLASSES, ClassFacts
from .row import Row
from .signature import signature
from .table import PRECEDENCE, TABLE, classify
from .verdict import Blame, Cost, Ended, Pause, Remedy, Verdict

__all__ = [
    "FAILURE_CLASSES",
    "PRECEDENCE",
    "TABLE",
    "Blame",
    "ClassFacts",
    "Cost",
    "Ended",
    "Pause",
    "Remedy",
    "Row",
    "Verdict",
    "classify",
    "signature",
]
