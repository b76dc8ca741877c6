"""The command line against a cluster, as `kubectl renderjob`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from typer.testing import CliRunner

from renderjob.cli.main import app

from .cluster import ClusterFarm

SOURCE = Path(__file__).parents[2] / "operator"


@dataclass
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str


class Cli:
    """`kubectl renderjob` in the namespace of a farm, and manifests for it."""

    def __init__(self, farm: ClusterFarm, home: Path, kubeconfig: Path) -> None:
        self.farm = farm
        self.home = home
        self.where = ["--kubeconfig", str(kubeconfig), "-n", farm.namespace]

    def write(self, name: str = "", **options: Any) -> tuple[str, str]:
        """A manifest; its file, and the job's name."""
        body = self.farm.manifest(name, **options)
        del body["metadata"]["namespace"]
        if not options.get("labels"):
            body["metadata"].pop("labels", None)
        name = body["metadata"]["name"]
        file = self.home / f"{name}.yaml"
        file.write_text(yaml.safe_dump(body))
        return str(file), name

    def edit(self, file: str, **spec: Any) -> None:
        """Change a manifest's file; None takes a field out."""
        path = Path(file)
        body = yaml.safe_load(path.read_text())
        body["spec"] = {k: v for k, v in {**body["spec"], **spec}.items() if v is not None}
        path.write_text(yaml.safe_dump(body))

    def __call__(self, verb: str, *arguments: str) -> Done:
        """Run a command in this process."""
        result = CliRunner().invoke(app, [verb, *arguments, *self.where], prog_name="kubectl renderjob")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Done(result.exit_code, result.stdout, result.stderr)

    @contextmanager
    def started(self, verb: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """A command in a process of its own."""
        process = subprocess.Popen(
            [sys.executable, "-m", "renderjob", verb, *arguments, *self.where],
            env={**os.environ, "PYTHONPATH": str(SOURCE)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()
