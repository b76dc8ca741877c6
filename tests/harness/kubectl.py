"""kubectl against a control plane."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from .waiting import patient


class KubectlError(Exception):
    """kubectl failed; the message is what it printed, `code` its exit code."""

    def __init__(self, arguments: tuple[str, ...], code: int, out: str, err: str) -> None:
        super().__init__(f"kubectl {' '.join(arguments)}: exit code {code}\n{err}{out}")
        self.code = code
        self.out = out
        self.err = err


def kubectl(
    program: str,
    kubeconfig: Path,
    cache: Path,
    *arguments: str,
    text: str | None = None,
    timeout: float = 120,
) -> str:
    """What kubectl prints to stdout.

    Raises:
        KubectlError: its exit code is not 0.
    """
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(cache),
        "KUBECONFIG": str(kubeconfig),
        "KUBECACHEDIR": str(cache),
    }
    done = subprocess.run(
        [program, *arguments],
        input=text,
        stdin=subprocess.DEVNULL if text is None else None,
        capture_output=True,
        text=True,
        timeout=patient(timeout),
        env=environment,
        check=False,
    )
    if done.returncode:
        raise KubectlError(arguments, done.returncode, done.stdout, done.stderr)
    return done.stdout
