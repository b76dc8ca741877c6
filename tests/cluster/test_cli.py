"""The command line against a cluster in which an operator works: `kubectl renderjob …`."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness import KubectlError
from harness.waiting import until
from support.cluster import ClusterFarm
from support.cluster_cli import Cli

BROKEN = {"outcome": "fail", "exit_code": "3", "message": "no such texture"}
NO_RETRY = {"perChunk": 0, "onFailure": "Stop", "canary": False}


@pytest.fixture
def cli(farm: ClusterFarm, tmp_path: Path) -> Cli:
    return Cli(farm, tmp_path, farm.plane.kubeconfig)


# -- submit ---------------------------------------------------------------------------------------------------


def test_what_was_submitted_is_unchanged_for_kubectl_and_the_other_way_round(cli: Cli):
    file, name = cli.write(
        frames="1-20", parallelism=0, timeouts={"chunk": "120m"}, labels={"show": "a<b>&c"[:1]}
    )
    done = cli("submit", file)
    assert (done.code, done.out) == (0, f"{cli.farm.namespace}/{name} is created: 20 frames in 2 chunks\n")
    assert f"kubectl renderjob watch {name} -n {cli.farm.namespace}" in done.err
    assert "unchanged" in cli.farm.kubectl("apply", "-f", file)
    assert cli.farm.kubectl("diff", "-f", file) == ""
    assert "is as it was" in cli("submit", file).out

    other, second = cli.write(parallelism=0)
    cli.farm.kubectl("apply", "-f", other)
    assert "is as it was" in cli("submit", other).out
    assert "unchanged" in cli.farm.kubectl("apply", "-f", other)
    assert second != name


def test_two_manifests_of_one_job_are_refused_and_neither_goes_to_the_cluster(cli: Cli):
    file, name = cli.write(parallelism=0)
    other = Path(file).with_name("other.yaml")
    body = yaml.safe_load(Path(file).read_text())
    body["metadata"]["namespace"] = cli.farm.namespace
    other.write_text(yaml.safe_dump(body))
    done = cli("submit", file, str(other))
    assert done.code == 4
    assert f"metadata.name: {name} stands twice, first in {file}, line" in done.err
    assert cli("get", name).code != 0


def test_a_manifest_is_kept_as_it_was_written(cli: Cli):
    spec = {"parallelism": 0, "timeouts": {"chunk": "120m"}, "tolerate": {"failedFrames": "10%"}}
    note = {"note": "a <b> & 'c' \u2028 \u00fc"}
    file, name = cli.write(**spec)
    body = yaml.safe_load(Path(file).read_text())
    body["metadata"]["annotations"] = note
    Path(file).write_text(yaml.safe_dump(body))
    cli("submit", file)
    kept = cli.farm.get(name)
    assert kept["spec"]["timeouts"]["chunk"] == "120m", "not 2h"
    assert kept["spec"]["tolerate"] == {"failedFrames": "10%"}
    assert kept["metadata"]["annotations"]["note"] == note["note"]
    assert "unchanged" in cli.farm.kubectl("apply", "-f", file), "what is noted is noted as kubectl does"


def test_submitting_again_edits_what_differs_and_nothing_else(cli: Cli):
    file, name = cli.write(frames="1-20", suspend=True, timeouts={"chunk": "2h"}, labels={"show": "film"})
    cli("submit", file)
    cli.farm.kubectl("scale", f"renderjob/{name}", "--replicas=7")
    cli.farm.kubectl("label", f"renderjob/{name}", "cost=42")
    cli.edit(file, frames="1-30", timeouts=None)
    done = cli("submit", file)
    assert done.out.splitlines() == [
        f"{cli.farm.namespace}/{name} is edited",
        "  spec.frames: 1-20 → 1-30",
        "  spec.timeouts.chunk: 2h → not set",
    ]
    resource = cli.farm.get(name)
    assert resource["spec"]["frames"] == "1-30"
    assert "timeouts" not in resource["spec"]
    assert resource["spec"]["parallelism"] == 7, "the manifest does not speak of it"
    assert resource["metadata"]["labels"] == {"show": "film", "cost": "42"}
    assert cli.farm.kubectl("diff", "-f", file) == ""


def test_a_job_that_was_cancelled_is_not_started_by_the_way(cli: Cli):
    file, name = cli.write(kwok={"outcome": "hang"})
    cli("submit", file)
    assert cli("cancel", name).code == 0
    done = cli("submit", file)
    assert "is as it was" in done.out
    assert f"goes on with: kubectl renderjob resume {name}" in done.err
    assert cli.farm.status(name)["state"] == "Cancelled"


@pytest.mark.parametrize("spec", [{}, {"kwok": BROKEN, "retries": NO_RETRY}], ids=["well", "broken"])
def test_waiting_for_a_submitted_job_ends_with_its_code(cli: Cli, spec: dict[str, Any]):
    file, name = cli.write(**spec)
    done = cli("submit", file, "--wait")
    state = cli.farm.status(name)["state"]
    assert done.code == (1 if spec else 0)
    assert state == ("Failed" if spec else "Completed")
    assert f"{cli.farm.namespace}/{name} is {state}" in done.out
    assert ("no such texture" in done.out) == bool(spec)


def test_a_dry_run_is_checked_and_keeps_nothing(cli: Cli):
    file, name = cli.write()
    done = cli("submit", file, "--dry-run")
    assert done.code == 0, done.err
    assert "would be created" in done.out
    with pytest.raises(KubectlError, match="not found"):
        cli.farm.kubectl("get", "renderjob", name)
    cli("submit", file)
    cli.edit(file, parallelism=9)
    assert "spec.parallelism: 1 → 9" in cli("submit", file, "--dry-run").out
    assert cli.farm.get(name)["spec"]["parallelism"] == 1


def test_a_dry_run_tells_of_a_pod_that_would_be_refused(cli: Cli):
    file, name = cli.write()
    body = yaml.safe_load(Path(file).read_text())
    container = body["spec"]["template"]["spec"]["containers"][0]
    container["volumeMounts"] = [{"name": "nowhere", "mountPath": "/renders"}]
    Path(file).write_text(yaml.safe_dump(body))
    done = cli("submit", file, "--dry-run")
    assert done.code == 4
    assert f"{name}: the Job of a chunk is refused by the API server:" in done.err
    assert 'spec.template.spec.containers[0].volumeMounts[0].name: Not found: "nowhere"' in done.err


def test_a_refusal_is_told_by_field_and_holds_up_no_other_manifest(cli: Cli):
    bad, _ = cli.write(labels={"show": "no label/value"})
    good, name = cli.write(parallelism=0)
    done = cli("submit", bad, "-f", good)
    assert done.code == 4
    assert 'metadata.labels: Invalid value: "no label/value"' in done.err
    assert "Traceback" not in done.err
    assert cli.farm.get(name)["spec"]["parallelism"] == 0


def test_a_misspelt_field_is_told_before_anything_is_sent(cli: Cli):
    file, name = cli.write()
    cli.edit(file, paralelism=3)
    done = cli("submit", file)
    assert done.code == 4
    assert "did you mean parallelism?" in done.err
    assert f"{file}:" in done.err
    assert cli("get", name).code == 1


def test_a_job_may_be_submitted_under_another_name(cli: Cli):
    file, name = cli.write(parallelism=0)
    again = f"{name}-again"
    assert cli("submit", file, "--name", again).code == 0
    assert cli.farm.get(again)["metadata"]["name"] == again


# -- reading --------------------------------------------------------------------------------------------------


def test_a_job_is_found_by_name_by_key_and_by_the_beginning_of_its_id(cli: Cli):
    name = cli.farm.submit(parallelism=0)
    uid = cli.farm.get(name)["metadata"]["uid"]
    full = f"renderjob.renderjob.dev/{name}"
    for reference in (name, f"{cli.farm.namespace}/{name}", full, uid, uid[:8]):
        assert cli("get", reference, "-o", "name").out == f"{full}\n"
    close = cli("get", name[:-1])
    assert close.code == 1
    assert name in close.err


def test_a_job_is_printed_as_the_api_server_has_it(cli: Cli):
    name = cli.farm.submit(parallelism=0)
    shown = json.loads(cli("get", name, "-o", "json").out)
    kept = cli.farm.get(name)
    assert shown["spec"] == kept["spec"]
    assert "managedFields" not in shown["metadata"]
    listed = yaml.safe_load(cli("list", "-o", "yaml").out)
    assert name in [item["metadata"]["name"] for item in listed["items"]]


def test_the_table_says_what_kubectl_says(cli: Cli):
    name = cli.farm.submit()
    cli.farm.end(name)
    head, row = cli("get", name).out.splitlines()
    kubectl = cli.farm.kubectl("get", "renderjob", name).splitlines()
    assert head.split() == kubectl[0].split()
    assert row.split()[:7] == kubectl[1].split()[:7]


def test_a_list_is_watched_until_all_are_at_their_end(cli: Cli):
    name = cli.farm.submit(kwok={"run": "1s"})
    done = cli("get", name, "-w")
    assert done.code == 0
    assert done.out.splitlines()[-1].split()[:2] == [name, "Completed"]


def test_top_tells_what_renders_and_where(cli: Cli):
    name = cli.farm.submit(frames="1-30", parallelism=2, kwok={"outcome": "hang"})
    cli.farm.running(name, 2)
    cli.farm.reached(name, lambda s: s["active"] == 2)
    out = cli("top").out
    row = next(line.split() for line in out.splitlines() if name in line)
    assert row[1:6] == [name, "Running", "0%", "0/30", "2"]
    nodes = {pod["spec"]["nodeName"] for pod in cli.farm.pods(name)}
    assert nodes <= {line.split()[0] for line in out.splitlines() if line.startswith("node-")}
    cli("delete", name, "-y")


# -- watch ----------------------------------------------------------------------------------------------------


def test_a_job_is_watched_to_its_end_with_its_failures_and_their_retries(cli: Cli):
    kwok = {**BROKEN, "only_chunks": "1", "fail_attempts": "1", "run": "500ms"}
    name = cli.farm.submit(frames="1-30", chunks={"size": 10}, parallelism=3, kwok=kwok)
    done = cli("watch", name)
    assert done.code == 0
    assert "frames 11-20 failed: no such texture" in done.out
    assert f"{cli.farm.namespace}/{name} · Completed" in done.out
    assert "1 attempt: 1 Error" in done.out
    assert "\x1b" not in done.out


def test_watching_a_job_that_fails_ends_with_1_and_says_how_to_go_on(cli: Cli):
    name = cli.farm.submit(retries=NO_RETRY, kwok=BROKEN)
    done = cli("watch", name)
    assert done.code == 1
    options = f"-n {cli.farm.namespace}"
    assert f"kubectl renderjob logs {name} --frame 1 {options}" in done.out
    assert f"kubectl renderjob retry {name} {options}" in done.out


def test_watching_as_json_ends_with_the_result_and_prints_nothing_else(cli: Cli):
    name = cli.farm.submit(kwok={"run": "500ms"})
    done = cli("watch", name, "--json")
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert (lines[0]["type"], lines[0]["name"]) == ("job", name)
    assert (lines[-1]["type"], lines[-1]["state"], lines[-1]["exitCode"]) == ("result", "Completed", 0)
    assert lines[-1]["status"]["frames"]["completed"] == "1-10"


def test_watching_ends_when_the_job_is_suspended_or_deleted(cli: Cli):
    name = cli.farm.submit(kwok={"outcome": "hang"})
    with cli.started("watch", name) as watch:
        cli.farm.running(name)
        cli.farm.edit(name, suspend=True)
        out, err = watch.communicate()
        assert watch.returncode == 5, err
        assert f"resume {name}" in out
    cli("resume", name)
    with cli.started("watch", name, "--json") as watch:
        assert watch.stdout is not None
        assert json.loads(watch.stdout.readline())["name"] == name
        cli.farm.delete(name)
        watch.communicate()
        assert watch.returncode == 3


def test_what_holds_a_job_up_is_told_at_once(cli: Cli):
    name = cli.farm.submit(kwok={"outcome": "image-pull", "message": "no such image: example/none:1"})
    cli.farm.reached(name, lambda s: "no such image" in json.dumps(s["conditions"]))
    with cli.started("watch", name) as watch:
        assert watch.stdout is not None
        lines = iter(watch.stdout.readline, "")
        assert any("no such image: example/none:1" in line for line in lines)
        cli("cancel", name)
        watch.communicate()
        assert watch.returncode == 3


# -- verbs ----------------------------------------------------------------------------------------------------


def test_a_job_is_suspended_resumed_cancelled_and_revived(cli: Cli):
    name = cli.farm.submit(kwok={"outcome": "hang"})
    cli.farm.running(name)
    key = f"{cli.farm.namespace}/{name}"
    assert cli("suspend", name).out == f"{key} is Suspended: 0 of 10 frames are rendered and kept\n"
    assert cli.farm.status(name)["active"] == 0
    assert cli("suspend", name).out == f"{key} is suspended already\n"
    assert f"{key} is " in cli("resume", name).out
    cli.farm.running(name)
    assert cli("cancel", name).code == 0
    assert cli.farm.status(name)["state"] == "Cancelled"
    assert cli("cancel", name).out == f"{key} is Cancelled already: nothing to cancel\n"
    assert cli("resume", name).code == 0
    assert cli.farm.status(name)["state"] in ("Pending", "Running")
    assert cli("delete", name, "--yes").out.startswith(f"{key} is deleted; ")
    cli.farm.gone(name)


def test_a_verb_writes_its_own_field_and_no_default(cli: Cli):
    file, name = cli.write(kwok={"outcome": "hang"})
    cli("submit", file)
    before = cli.farm.get(name)["spec"]
    cli("cancel", name)
    assert cli.farm.get(name)["spec"] == {**before, "cancel": True}
    assert cli.farm.kubectl("diff", "-f", file) == ""


def test_retry_runs_again_what_failed(cli: Cli):
    kwok = {**BROKEN, "only_frames": "11"}
    name = cli.farm.submit(frames="1-20", chunks={"size": 10}, retries=NO_RETRY, kwok=kwok)
    assert cli.farm.end(name)["state"] == "Failed"
    assert cli("resume", name).out.endswith(f"renderjob retry {name}\n")
    assert cli("retry", name, "--no-wait").code == 0
    status = cli.farm.reached(name, lambda s: s["observedRetry"] == 1 and s["state"] == "Failed")
    assert status["attempts"]["failed"] == 2
    assert status["attempts"]["succeeded"] == 1


def test_approve_renders_what_follows_the_preview(cli: Cli):
    preview = {"frames": "1", "approval": "Required"}
    name = cli.farm.submit(frames="1-4", chunks={"size": 1}, preview=preview)
    done = cli("watch", name)
    assert done.code == 5
    assert f"kubectl renderjob approve {name}" in done.out
    assert cli.farm.status(name)["frames"]["completed"] == "1"
    assert cli("approve", name).code == 0
    assert cli("watch", name).code == 0
    assert "is approved already" in cli("approve", name).out
    assert cli.farm.get(name)["spec"]["preview"] == {**preview, "approved": True}


def test_a_verb_that_is_local_says_so(cli: Cli):
    name = cli.farm.submit(suspend=True)
    done = cli("resume", name, "--run")
    assert done.code == 2
    assert "in a cluster the operator goes on" in done.err


def test_an_edit_that_no_operator_takes_up_is_told(own_farm: ClusterFarm, tmp_path: Path):
    cli = Cli(own_farm, tmp_path, own_farm.plane.kubeconfig)
    own_farm.operator.stop()
    try:
        name = own_farm.submit()
        done = cli("cancel", name, "--timeout", "1")
        assert done.code == 1
        assert "no operator has taken that up in 1s" in done.err
    finally:
        own_farm.operator.start()


# -- logs -----------------------------------------------------------------------------------------------------


def test_logs_are_read_by_chunk_and_frame_and_followed_while_they_grow(own_farm: ClusterFarm, tmp_path: Path):
    cli = Cli(own_farm, tmp_path, own_farm.plane.kubeconfig)
    own_farm.plane.print_log(own_farm.namespace, "one\ntwo")
    name = own_farm.submit(frames="1-20", chunks={"size": 10}, parallelism=2, kwok={"outcome": "hang"})
    own_farm.running(name, 2)
    done = cli("logs", name, "--frame", "15")
    assert done.out == "one\ntwo\n"
    assert done.err == f"{own_farm.namespace}/{name}: chunk 1 (frames 11-20), attempt 1\n"
    assert cli("logs", name, "--chunk", "0", "--tail", "1").out == "two\n"
    none = cli("logs", name, "--chunk", "9")
    assert none.code == 1
    assert "there are logs of chunks 0-1" in none.err
    with cli.started("logs", name, "-f") as follow:
        assert follow.stdout is not None
        assert follow.stdout.readline() == "one\n"
        own_farm.plane.print_log(own_farm.namespace, "three")
        lines = iter(follow.stdout.readline, "")
        assert "three\n" in lines


def test_a_log_that_went_with_its_pod_is_told_with_what_the_status_kept(cli: Cli):
    spec = {"retries": NO_RETRY, "cleanup": {"keepFailedChunks": 0}}
    name = cli.farm.submit(frames="1-4", chunks={"size": 4}, kwok=BROKEN, **spec)
    cli.farm.end(name)
    until(lambda: not cli.farm.pods(name), "for the failed pod to be removed")
    done = cli("logs", name, "--frame", "2")
    assert done.code == 1
    assert "has no log of frame 2" in done.err
    assert "the last words of frames 1-4, attempt 1: no such texture" in done.err


def test_a_job_that_has_not_begun_has_no_log(cli: Cli):
    name = cli.farm.submit(parallelism=0)
    done = cli("logs", name)
    assert done.code == 1
    assert "nothing has run yet" in done.err


# -- who may not, and what is not there -----------------------------------------------------------------------


@pytest.fixture
def limited(farm: ClusterFarm, tmp_path: Path) -> Iterator[Cli]:
    """Somebody who may look at RenderJobs, and at nothing else."""
    name = f"viewer-{uuid.uuid4().hex[:8]}"
    farm.kubectl("create", "serviceaccount", name)
    farm.kubectl("create", "role", name, "--verb=get,list,watch", "--resource=renderjobs.renderjob.dev")
    farm.kubectl("create", "rolebinding", name, f"--role={name}", f"--serviceaccount={farm.namespace}:{name}")
    viewer = Cli(farm, tmp_path, farm.plane.kubeconfig_for(farm.namespace, name))
    until(lambda: viewer("get").code == 0, "for the role to be known")
    yield viewer
    for kind in ("rolebinding", "role", "serviceaccount"):
        farm.kubectl("delete", kind, name)


def test_who_may_see_no_pods_still_watches_jobs(limited: Cli):
    name = limited.farm.submit(kwok={"run": "500ms"})
    assert limited("watch", name).code == 0
    assert name in limited("top").out


def test_what_is_forbidden_is_told_in_the_servers_words(limited: Cli):
    name = limited.farm.submit(parallelism=0)
    file, _ = limited.write()
    for arguments in (["cancel", name], ["delete", name, "-y"], ["submit", file], ["logs", name]):
        done = limited(*arguments)
        assert done.code == 1
        assert "is forbidden: User" in done.err
        assert len(done.err.splitlines()) == 1


def test_a_namespace_that_is_not_there_is_told(cli: Cli):
    file, _ = cli.write()
    cli.where[-1] = "nowhere"
    assert 'namespaces "nowhere" not found' in cli("submit", file).err
    assert "no job is called x in the namespace nowhere" in cli("get", "x").err
