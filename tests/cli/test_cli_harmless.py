"""What a manifest, a renderer or a file's name holds is shown, and steers no terminal."""

from __future__ import annotations

import subprocess
import sys

import pytest

from harness.waiting import patient
from renderjob.cli.text import say
from renderjob.words.harmless import harmless

HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e"
MANIFEST = """
apiVersion: renderjob.dev/v1alpha1
kind: RenderJob
metadata: {name: shot, labels: {note: "\\e[31mred"}}
spec:
  frames: "1-3"
  template:
    spec:
      containers:
      - name: render
        image: "\\e[2Jx"
        command: [echo, "\\e]0;owned\\a\\x9b31m\\u202e"]
        env: [{name: A, value: "\\e[2J"}]
  output: {path: "/out/\\e[2J", chunkFile: "a-$(RENDER_START).mkv"}
"""


def steers(text: str) -> list[str]:
    return sorted({each for each in text if not each.isprintable() and each not in "\n\t"})


def test_what_steers_a_terminal_is_shown_as_what_it_is_not():
    assert not steers(harmless(HOSTILE))
    assert harmless("one\ttwo\nthree é ✓ 日本") == "one\ttwo\nthree é ✓ 日本"


def test_what_is_said_is_harmless(capsys):
    say(HOSTILE)
    say(ValueError(HOSTILE), file=sys.stderr)
    out, err = capsys.readouterr()
    assert not steers(out + err)


@pytest.mark.parametrize(
    "command",
    [
        ["plan"],
        ["plan", "-o", "json"],
        ["validate"],
        ["submit", "--local"],
        ["run", "--mount", "/out=out"],
        ["get", "shot", "-o", "yaml", "--local"],
        ["get", "shot", "-o", "json", "--local"],
        ["get", "-o", "wide", "--local"],
        ["list"],
    ],
)
def test_no_command_prints_what_a_manifest_steers_a_terminal_with(tmp_path, command):
    (tmp_path / "shot.yaml").write_text(MANIFEST)
    file = [] if command[0] in ("get", "list") else ["shot.yaml"]
    said = subprocess.run(
        [sys.executable, "-P", "-m", "renderjob", *command, *file],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "RENDERJOB_STORE": str(tmp_path / "store"), "HOME": str(tmp_path)},
        capture_output=True,
        check=False,
        timeout=patient(),
    )
    assert not steers(said.stdout.decode() + said.stderr.decode())
    assert said.stdout or said.stderr
