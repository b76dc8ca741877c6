"""A small farm for tests of the command line: a store, manifests of tiny shell commands, and processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from harness.waiting import until
from renderjob.cli.main import app
from support.jobs import manifest

SOURCE = Path(__file__).parents[2] / "operator"

_RENDER = (
    "for i in $(seq $RENDER_START $RENDER_END); do echo $i >> count; %s"
    "f=$RENDER_OUTPUT/$(printf %%04d $i).png; echo frame > $f; %s done"
)
_HOLD = "while [ ! -e go ]; do sleep 0.02; done"


@dataclass
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str


@dataclass
class Farm:
    """A directory to work in, and its store."""

    home: Path
    environment: dict[str, str]
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    @staticmethod
    def renderer(before: str = "", after: str = "") -> list[str]:
        """A renderer that notes each frame it begins in `count`, does `before`, writes it, does `after`."""
        return ["sh", "-c", _RENDER % tuple(each and f"{each}; " for each in (before, after))]

    def held(self, frame: int) -> list[str]:
        """A renderer that waits at a frame, and at later ones, until `go` is called; tells what it saved."""
        return self.renderer(f"if [ $i -ge {frame} ]; then {_HOLD}; fi", "echo \"Saved: '$f'\"")

    def go(self) -> None:
        """Let renderers that wait go on."""
        (self.home / "go").touch()

    def write(self, name: str = "shot", command: list[str] | None = None, **spec: Any) -> str:
        """A manifest; its file's name."""
        spec = {"output": {"path": "out", "file": "####.png"}, "chunks": {"size": 5}, **spec}
        data = manifest(name, command or self.renderer(), **spec)
        data["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 2
        (self.home / f"{name}.yaml").write_text(yaml.safe_dump(data))
        return f"{name}.yaml"

    def __call__(self, *arguments: str, text: str | None = None) -> Done:
        """Run a command in this process."""
        result = CliRunner().invoke(app, list(arguments), input=text, prog_name="renderjob")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Done(result.exit_code, result.stdout, result.stderr)

    def start(self, *arguments: str, directory: Path | None = None) -> subprocess.Popen[str]:
        """Start a command in a process of its own."""
        process = subprocess.Popen(
            [sys.executable, "-m", "renderjob", *arguments],
            cwd=directory or self.home,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def job(self, name: str = "shot") -> dict[str, Any]:
        """A job as the store has it; empty when it is not there."""
        done = self("get", name, "-o", "json")
        return json.loads(done.out) if done.code == 0 else {}

    def status(self, name: str = "shot") -> dict[str, Any]:
        """Status of a job; empty when it is not there."""
        status: dict[str, Any] = self.job(name).get("status", {})
        return status

    def begun(self) -> list[int]:
        """The frames that renderers began, in their order."""
        count = self.home / "count"
        return [int(line) for line in count.read_text().split()] if count.exists() else []

    def frames(self) -> list[str]:
        """The frames that lie in the output directory."""
        return sorted(path.name for path in (self.home / "out").glob("*.png"))

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait until something is so; fail after a time that is long enough for any machine."""
        until(condition, f"for {what}")


@pytest.fixture
def farm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Farm]:
    store = tmp_path / "store"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RENDERJOB_STORE", str(store))
    monkeypatch.delenv("RENDERJOB_DEBUG", raising=False)
    farm = Farm(tmp_path, {**os.environ, "PYTHONPATH": str(SOURCE)})
    yield farm
    for process in farm.started:
        if process.poll() is None:
            process.kill()
        process.communicate()
