"""The operator as a process of its own, to be killed and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import psutil

from harness.waiting import patient

TESTS = Path(__file__).parents[1]


class OperatorProcess:
    """`renderjob operator` in one namespace, alone unless told otherwise; ends with the process that started it."""

    def __init__(
        self,
        kubeconfig: Path,
        namespace: str | None,
        log: Path,
        *arguments: str,
        elect: bool = False,
        environment: Mapping[str, str] | None = None,
        program: str = "support.leashed",
        **settings: str,
    ) -> None:
        """Nothing runs before `start`; `arguments` are further flags, `environment` further variables,
        `program` is the module that is run, `settings` become RENDERJOB_ variables."""
        self.log = log
        where = ["--namespace", namespace] if namespace else []
        alone = [] if elect or "lease_seconds" in settings else ["--no-leader-elect"]
        self._command = [
            *(sys.executable, "-m", program, "operator", "--health-port", "0"),
            *(*alone, *where, *arguments),
        ]
        # Nothing of the user's own reaches it.
        self._environment = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(log.parent),
            "KUBECONFIG": str(kubeconfig),
            "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent / "operator")]),
            **(environment or {}),
            **{f"RENDERJOB_{name.upper()}": value for name, value in settings.items()},
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, or start it again."""
        assert self._process is None, "it runs"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=self._environment,
                start_new_session=True,
            )

    def kill(self) -> None:
        """Send SIGKILL and wait until it is gone."""
        self._end(signal.SIGKILL)

    def terminate(self) -> int:
        """Ask it to stop, as a kubelet does, and wait until it has. Returns its exit code."""
        return self._end(signal.SIGTERM)

    def stop(self) -> None:
        """End it if it runs."""
        if self._process is not None:
            self.kill()

    def _end(self, number: int) -> int:
        process, self._process = self._process, None
        assert process is not None, "it does not run"
        process.send_signal(number)
        try:
            return process.wait(patient())
        finally:
            process.kill()
            process.wait()
            assert process.stdin is not None
            process.stdin.close()

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """Of one that ended by itself; None while it runs."""
        return self._process.poll() if self._process is not None else None

    @property
    def process(self) -> psutil.Process:
        """It, to be measured."""
        assert self._process is not None, "it does not run"
        return psutil.Process(self._process.pid)

    def said(self) -> str:
        """Its log so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""
