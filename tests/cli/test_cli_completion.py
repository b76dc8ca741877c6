"""What a shell is offered for the word that is being typed: jobs of the store, and states."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from renderjob.cli.main import app


def offered(line: str) -> list[str]:
    """The words that bash is offered at the end of a command line."""
    words = line.split(" ")
    environment = {
        "_RENDERJOB_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
    }
    result = CliRunner().invoke(app, [], env=environment, prog_name="renderjob")
    return [word for word in result.stdout.split("\n") if word]


@pytest.fixture
def jobs(farm):
    for name in ("shot-010", "shot-020", "other"):
        assert farm("run", farm.write(name, output={"path": name, "file": "####.png"}, frames="1")).code == 0
    return farm


def test_names_of_jobs_are_offered_by_their_beginning(jobs):
    assert offered("renderjob retry sh") == ["shot-010", "shot-020"]
    assert offered("renderjob logs ") == ["other", "shot-010", "shot-020"]
    assert offered("renderjob get o") == ["other"]
    assert offered("renderjob run shot-02") == ["shot-020"]


def test_a_name_that_stands_there_already_is_not_offered_again(jobs):
    assert offered("renderjob delete shot-010 sh") == ["shot-020"]


def test_states_are_offered_by_their_beginning(farm):
    assert offered("renderjob list --state C") == ["Cancelled", "Completed"]
    assert offered("renderjob delete --state F") == ["Failed"]


def test_where_jobs_can_not_be_read_nothing_is_offered_and_nothing_is_said(farm, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", str(farm.home / "none"))
    assert offered("renderjob retry --cluster sh") == []
