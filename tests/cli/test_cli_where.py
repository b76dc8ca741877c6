"""Which jobs a command line means: this machine's, or a cluster's; without asking any cluster."""

from __future__ import annotations

from pathlib import Path

import pytest

from renderjob.api import RenderJobStatus, State
from renderjob.cli.places import ClusterPlace, LocalPlace
from renderjob.cli.where import BACKEND, PLUGIN, Where
from support.jobs import job


@pytest.fixture
def nowhere(farm, monkeypatch):
    """A farm without any cluster; its commands tell by their error that they looked for one."""
    monkeypatch.setenv("KUBECONFIG", str(farm.home / "none"))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    return farm


def asks_a_cluster(done) -> bool:
    assert "Traceback" not in done.err
    return "error: no cluster: " in done.err


@pytest.mark.parametrize(
    ("options", "cluster"),
    [
        ([], False),
        (["--local"], False),
        (["--cluster"], True),
        (["--kubeconfig", "none"], True),
        (["--context", "farm"], True),
        (["--store", "there"], False),
    ],
)
def test_a_cluster_is_meant_when_an_option_says_so(nowhere, options, cluster):
    done = nowhere("get", *options)
    assert asks_a_cluster(done) == cluster
    assert done.code == cluster


@pytest.mark.parametrize("verb", ["get", "list", "watch", "top", "logs", "cancel", "suspend", "resume", "retry",
                                  "approve", "delete"])  # fmt: skip
def test_the_environment_may_say_cluster_for_every_verb(nowhere, monkeypatch, verb):
    monkeypatch.setenv(BACKEND, "cluster")
    arguments = [] if verb in ("get", "list", "top") else ["shot"]
    assert asks_a_cluster(nowhere(verb, *arguments))
    assert not asks_a_cluster(nowhere(verb, *arguments, "--local"))


def test_as_a_plugin_of_kubectl_it_speaks_of_the_cluster(nowhere):
    from typer.testing import CliRunner

    from renderjob.cli.main import app

    done = CliRunner().invoke(app, ["get"], prog_name=PLUGIN)
    assert "error: no cluster: " in done.stderr
    done = CliRunner().invoke(app, ["get", "--local"], prog_name=PLUGIN)
    assert done.exit_code == 0
    assert "kubectl renderjob submit" in CliRunner().invoke(app, ["submit", "-h"], prog_name=PLUGIN).stdout


def test_submit_is_for_a_cluster_and_run_for_here(nowhere):
    file = nowhere.write()
    assert asks_a_cluster(nowhere("submit", file))
    local = nowhere("submit", file, "--local")
    assert local.code == 2
    assert "renderjob run FILE" in local.err
    assert nowhere("submit").code == 2


@pytest.mark.parametrize(
    "options", [["--local", "--context", "x"], ["--local", "--kubeconfig", "x"], ["-A", "-n", "film"]]
)
def test_options_that_contradict_each_other_are_refused(nowhere, options):
    assert nowhere("list", *options).code == 2


def test_a_word_that_is_no_backend_is_refused(nowhere, monkeypatch):
    monkeypatch.setenv(BACKEND, "cloud")
    done = nowhere("get")
    assert done.code == 2
    assert "accepted: local, cluster" in done.err


def test_a_broken_kubeconfig_is_one_sentence(nowhere):
    (nowhere.home / "broken").write_text("{}: [")
    done = nowhere("get", "--kubeconfig", "broken")
    assert done.code == 1
    assert done.err.startswith("error: no cluster: ")


def test_a_cluster_that_does_not_answer_is_one_sentence(nowhere):
    context = {"name": "c", "context": {"cluster": "c", "user": "u"}}
    config = {
        "current-context": "c",
        "contexts": [context],
        "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:9"}}],
        "users": [{"name": "u", "user": {}}],
    }
    Path("dead").write_text(str(config))
    done = nowhere("get", "--kubeconfig", "dead")
    assert done.code == 1
    assert done.err.startswith("error: the cluster can't be reached: ")
    assert len(done.err.splitlines()) == 1


def in_state(state, **spec):
    shot = job(**spec)
    return shot.model_copy(update={"status": RenderJobStatus(state=state)})


def test_hints_are_commands_that_mean_the_same_place(monkeypatch, tmp_path):
    monkeypatch.delenv(BACKEND, raising=False)
    monkeypatch.setenv("RENDERJOB_STORE", str(tmp_path))
    failed = in_state(State.FAILED)
    assert LocalPlace(Where()).go_on(failed) == "renderjob retry shot --run"
    other = LocalPlace(Where(directory=tmp_path / "a b")).go_on(failed)
    assert other == f"renderjob retry shot --run --store '{tmp_path}/a b'"
    assert LocalPlace(Where(program=PLUGIN)).go_on(failed) == f"{PLUGIN} retry shot --run --local"

    there = Where(cluster=True)
    assert ClusterPlace(there, "default", "default").go_on(failed) == "renderjob retry shot --cluster"
    assert ClusterPlace(there, "x", "film").go_on(failed) == "renderjob retry shot -n default --cluster"
    plugin = Where(cluster=True, program=PLUGIN, context="farm")
    assert ClusterPlace(plugin, "x", "default").go_on(failed) == f"{PLUGIN} retry shot --context farm"
    monkeypatch.setenv(BACKEND, "cluster")
    assert ClusterPlace(there, "x", "default").go_on(failed) == "renderjob retry shot"
    assert ClusterPlace(there, "x", "default").begin() == "renderjob submit FILE"


@pytest.mark.parametrize(
    ("state", "verb"), [(State.FAILED, "retry"), (State.CANCELLED, "resume"), (State.SUSPENDED, "resume")]
)
def test_the_verb_that_goes_on_follows_from_the_state(state, verb):
    place = ClusterPlace(Where(cluster=True, program=PLUGIN), "default", "default")
    assert place.go_on(in_state(state)) == f"{PLUGIN} {verb} shot"
