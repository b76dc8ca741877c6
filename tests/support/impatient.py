"""`python -m support.impatient ARGUMENTS`: as support.leashed, with little patience for an API server.

It gives up requests and silent watches as the operator always does, only sooner, so that tests need not wait.
"""

from __future__ import annotations

import os
import runpy

from renderjob.kube import Informer, KubeApi

REQUEST = float(os.environ.get("IMPATIENT_REQUEST", "4"))
"""Seconds for a request."""
IDLE = float(os.environ.get("IMPATIENT_IDLE", "150"))
"""Seconds without a line before a watch counts as dead; a server has something to say once a minute only."""

if __name__ == "__main__":
    for kind, patience in ((KubeApi, {"timeout": REQUEST}), (Informer, {"idle": IDLE})):
        kind.__init__.__kwdefaults__.update(patience)  # type: ignore[attr-defined]
    runpy.run_module("support.leashed", run_name="__main__", alter_sys=True)
