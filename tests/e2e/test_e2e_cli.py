"""`renderjob` and `kubectl renderjob` against a real cluster, as processes, as somebody types them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from e2e.cluster import PATIENCE, KubectlError, Place, find_kubectl
from e2e.jobs import python, render_job
from e2e.volume import run
from harness.waiting import until

BIN = Path(sys.executable).parent

FILM = python(
    "os.makedirs('/renders/film', exist_ok=True)",
    "print('begins', flush=True)",
    "while not os.path.exists('/renders/go'): time.sleep(0.2)",
    "for frame in frames:",
    "    open('/renders/film/%04d.txt' % frame, 'w').write('frame')",
    "    print('rendered frame', frame, flush=True)",
)


class Shell:
    """The commands, in a namespace."""

    def __init__(self, place: Place, home: Path) -> None:
        self.place = place
        kubectl = find_kubectl()
        assert kubectl is not None
        path = os.pathsep.join([str(BIN), str(Path(kubectl).parent), os.environ["PATH"]])
        self.environment = {**os.environ, "PATH": path, "HOME": str(home), "COLUMNS": "160"}

    def line(self, *words: str) -> list[str]:
        return [*words, "--namespace", self.place.namespace]

    def __call__(self, *words: str, code: int = 0) -> str:
        """Type a command; what it prints, or why it fails with `code`."""
        done = subprocess.run(
            self.line(*words), env=self.environment, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stderr if code else done.stdout

    @contextmanager
    def started(self, *words: str) -> Iterator[subprocess.Popen[str]]:
        """The same in the background."""
        process = subprocess.Popen(
            self.line(*words), env=self.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()


@pytest.fixture
def shell(place: Place, tmp_path: Path) -> Shell:
    return Shell(place, tmp_path)


def go(place: Place) -> None:
    """Let the renderers render."""
    run(place, "python", "-c", "open('/renders/go', 'w')")


@pytest.fixture
def film(tmp_path: Path) -> str:
    """A manifest's file: 12 frames in three chunks side by side, which wait for `go`."""
    job = render_job(
        "film",
        FILM,
        frames="1-12",
        chunks={"size": 4},
        parallelism=3,
        output={"path": "/renders/film", "file": "####.txt"},
        progress={"pattern": r"rendered frame (?P<done>\d+)"},
    )
    file = tmp_path / "film.yaml"
    file.write_text(json.dumps(job))
    return str(file)


def test_from_submit_to_the_end_as_a_plugin_of_kubectl(shell: Shell, film: str):
    def ours(*words: str, code: int = 0) -> str:
        return shell("kubectl", "renderjob", *words, code=code)

    assert "3, of 4 frames at most" in ours("plan", film)
    assert "is created: 12 frames in 3 chunks" in ours("submit", film)
    until(lambda: len(shell.place.running("film")) == 3, "for all chunks to run", PATIENCE)
    assert "film" in ours("top")
    logs = ["kubectl", "renderjob", "logs", "film", "--follow"]
    with shell.started(*logs, "--chunk", "2") as last, shell.started(*logs, "--frame", "6") as second:
        for follow in (last, second):
            assert follow.stdout is not None
            assert follow.stdout.readline() == "begins\n"
        go(shell.place)
        said = ours("watch", "film", "--json")
        for follow, frames in ((last, (9, 10, 11, 12)), (second, (5, 6, 7, 8))):
            out, err = follow.communicate(timeout=PATIENCE)
            assert follow.returncode == 0, err
            rendered = [line for line in out.splitlines() if line.startswith("rendered")]
            assert rendered == [f"rendered frame {n}" for n in frames]
    told = [json.loads(line) for line in said.splitlines()]
    assert "Completed" in json.dumps(told[-1])

    assert "Completed" in ours("get", "film")
    assert json.loads(ours("get", "film", "-o", "json"))["status"]["completedFrames"] == 12
    assert "is as it was" in ours("submit", film)
    ours("delete", "film", "--yes")
    shell.place.gone("film")


def test_the_verbs_of_the_program_itself(shell: Shell, film: str):
    def ours(*words: str, code: int = 0) -> str:
        return shell("renderjob", *words, "--cluster", code=code)

    ours("submit", film)
    until(lambda: shell.place.running("film"), "for a pod to run", PATIENCE)
    node = shell.place.list("nodes")[0]["metadata"]["name"]
    top = ours("top")
    assert "film" in top
    if len(shell.place.list("nodes")) == 1:
        assert node in top
    ours("suspend", "film")
    assert shell.place.status("film")["state"] == "Suspended"
    assert shell.place.running("film") == []
    ours("watch", "film", code=5)
    ours("resume", "film")
    until(lambda: shell.place.running("film"), "for it to go on", PATIENCE)
    ours("cancel", "film")
    assert shell.place.status("film")["state"] == "Cancelled"
    ours("watch", "film", code=3)
    ours("resume", "film")
    go(shell.place)
    ours("get", "film", "--watch")
    assert shell.place.status("film")["state"] == "Completed"


def test_the_log_of_what_failed(shell: Shell, tmp_path: Path):
    command = python("print('loads shot.blend'); sys.exit('no such texture: wood.png')")
    job = render_job(
        "film", command, frames="1-8", chunks={"size": 4}, retries={"perChunk": 0, "onFailure": "Stop"}
    )
    (tmp_path / "job.yaml").write_text(json.dumps(job))
    shell("renderjob", "submit", str(tmp_path / "job.yaml"), "--wait", "--cluster", code=1)
    said = shell("renderjob", "logs", "film", "--cluster")
    assert "loads shot.blend" in said
    assert "no such texture: wood.png" in said
    assert "no such texture: wood.png" in shell("renderjob", "get", "film", "-o", "yaml", "--cluster")


def test_a_job_that_can_not_start_says_why_while_it_is_watched(shell: Shell, tmp_path: Path):
    job = render_job(
        "film", FILM, container={"image": "registry.invalid/blender:4.5"}, frames="1-4", parallelism=1
    )
    (tmp_path / "job.yaml").write_text(json.dumps(job))
    shell("renderjob", "submit", str(tmp_path / "job.yaml"), "--cluster")
    shell.place.says("film", "registry.invalid")
    assert "registry.invalid" in shell("renderjob", "get", "film", "-o", "yaml", "--cluster")
    assert "registry.invalid" in shell("kubectl", "get", "rj", "film", "-o", "wide")
    with shell.started("renderjob", "watch", "film", "--cluster") as watch:
        shell.place.edit("film", cancel=True)
        out, _ = watch.communicate(timeout=PATIENCE)
    assert watch.returncode == 3
    assert "Cancelled" in out
    with pytest.raises(KubectlError):
        shell.place.get("renderjob", "other")
    until(lambda: not shell.place.running("film"), "for the pods to go", PATIENCE)
