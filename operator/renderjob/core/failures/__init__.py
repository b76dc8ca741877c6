"""Why attempts fail: a module for each class of failure. A new one is a new module and one line here."""

from collections.abc import Mapping
from typing import Final

from renderjob.api import FailureClass

from .config import config
from .disruption import disruption
from .error import error
from .memory import memory
from .no_output import no_output
from .renderer import renderer
from .rules import rules
from .signature import signature
from .too_fast import too_fast
from .too_slow import too_slow
from .verdict import Classifier, Cost, Ended, Verdict

CLASSIFIERS: Final[tuple[Classifier, ...]] = (
    too_slow,  # we stopped it, so its exit says nothing
    disruption,
    config,
    rules,  # the user's word goes before every built-in reading of an exit
    renderer,
    memory,
    too_fast,
    no_output,
    error,
)
"""The first that knows decides."""

COUNTERS: Final[Mapping[FailureClass, str]] = {
    FailureClass.ERROR: "error",
    FailureClass.OUT_OF_MEMORY: "out_of_memory",
    FailureClass.DISRUPTED: "disrupted",
    FailureClass.BACK_OFF: "backed_off",
    FailureClass.STALLED: "stalled",
    FailureClass.TIMED_OUT: "timed_out",
    FailureClass.TOO_FAST: "too_fast",
    FailureClass.NO_OUTPUT: "no_output",
    FailureClass.RENDERER: "renderer",
    FailureClass.CONFIG: "config",
}
"""The field of status.attempts in which a class is counted."""


def classify(ended: Ended) -> Verdict | None:
    """What an ended attempt means; None: it succeeded."""
    verdicts = (classifier(ended) for classifier in CLASSIFIERS)
    return next((verdict for verdict in verdicts if verdict is not None), None)


__all__ = ["CLASSIFIERS", "COUNTERS", "Classifier", "Cost", "Ended", "Verdict", "classify", "signature"]
