"""`python -m support.standing ARGUMENTS`: renderjob, whose loop computes for as long as a RenderJob's name says.

At `stand-30` it gives nobody else a turn for thirty seconds: what no RenderJob should ever bring about.
"""

from __future__ import annotations

import runpy
import threading
import time
from typing import Any

from renderjob.controller.runtime import Runtime
from support.leashed import end_with_stdin

_observe = Runtime.observe_event


def _stand(runtime: Runtime, kind: str | None, raw: dict[str, Any]) -> None:
    _, _, seconds = raw["metadata"]["name"].partition("stand-")
    until = time.monotonic() + float(seconds or 0)
    while time.monotonic() < until:
        pass
    _observe(runtime, kind, raw)


if __name__ == "__main__":
    threading.Thread(target=end_with_stdin, daemon=True).start()
    Runtime.observe_event = _stand  # type: ignore[method-assign]
    runpy.run_module("renderjob", run_name="__main__", alter_sys=True)
