"""The table of verdicts: what is known of an ended attempt, and what follows. The first row that fits decides.

A row is data: what it is about, its reason in plain English, a pure question to the evidence, and what follows.
`docs/generate` writes it into docs/troubleshooting.md, and tests/unit/kubernetes/recorded holds a pod for each row.

Whether a node is ready is no evidence: the operator reads no nodes, and what their loss means for a pod is said in the
pod (DisruptionTarget, NodeLost, a container whose end is Unknown).
"""

from __future__ import annotations

from typing import Final

from . import predicates
from .pod_rows import POD_ROWS
from .renderer_rows import RENDERER_ROWS
from .row import Row
from .rule_rows import RULE_ROWS
from .verdict import Ended, Verdict

PRECEDENCE: Final = (
    "What we did ourselves comes first: how an attempt ends that was stopped says nothing.",
    "The kubelet's word for a pod or a container outvotes the exit code: an eviction, a rejection, a start that "
    "failed, a kill for memory.",
    "An exit code other than 0, or a signal, is never outvoted by lines of the log; the only lines that count are "
    "those that the manifest names (`retries.rules`), and the renderer's own word that it failed for good.",
    "Files outvote the log: what is there and whole is rendered, whatever was printed, and what is not there is not.",
    "A container's fault is remedied on that container.",
)
"""Said once, here: the order of the rows follows from it."""

TABLE: Final[tuple[Row, ...]] = (*POD_ROWS, *RULE_ROWS, *RENDERER_ROWS)
"""In the order in which they are asked: the user's rules come after what the cluster says, before our own readings."""


_OF_SUCCESS: Final = tuple(row for row in TABLE if predicates.may_be_of_success(row.fits))
"""The rows that an attempt that succeeded may fit: few, and most attempts succeed."""


def classify(ended: Ended) -> Verdict | None:
    """What an ended attempt means; None: it succeeded."""
    for row in TABLE if predicates.failed(ended) else _OF_SUCCESS:
        if row.fits(ended):
            return row.verdict(ended)
    return None
