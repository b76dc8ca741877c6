"""Why attempts fail: a module for each class of failure. A new one is a new module and one line here."""

from typing import Final

from .config import config
from .disruption import disruption
from .error import error
from .memory import memory
from .no_output import no_output
from .renderer import renderer
from .rules import rules
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


def classify(ended: Ended) -> Verdict | None:
    """What an ended attempt means; None: it succeeded."""
    verdicts = (classifier(ended) for classifier in CLASSIFIERS)
    return next((verdict for verdict in verdicts if verdict is not None), None)


__all__ = ["CLASSIFIERS", "Classifier", "Cost", "Ended", "Verdict", "classify"]
