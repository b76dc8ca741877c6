"""A cluster as a backend, against an API server that misbehaves on demand."""

from __future__ import annotations

import json
from contextlib import aclosing, asynccontextmanager

import pytest

from renderjob.api import State
from renderjob.cli.backends.cluster import ClusterBackend
from renderjob.cli.backends.cluster_errors import cli_error, in_words
from renderjob.cli.errors import CliError, ExitCode
from renderjob.cli.jobs.cluster_apply import LAST_APPLIED, MOST_NOTED, bring
from renderjob.cli.jobs.describe import describe
from renderjob.cli.logs.pods import pod_logs
from renderjob.cli.where import Where
from renderjob.executors.kubernetes.names import attempt_mark
from renderjob.kube import ApiError, NoClusterError, UnreachableError
from support.fake_api import FakeApi, refusal
from support.jobs import manifest

JOBS = "apis/renderjob.dev/v1alpha1/renderjobs"


@pytest.fixture
async def server():
    async with FakeApi() as server:
        yield server


@asynccontextmanager
async def backend_of(server: FakeApi, **where):
    async with server.api() as api:
        backend = ClusterBackend(Where(cluster=True, **where), api)
        yield backend
        await backend.close()


def put(server: FakeApi, name: str, namespace: str = "default", **status):
    body = manifest(name)
    kind = {key: body[key] for key in ("apiVersion", "kind", "spec")}
    return server.put(JOBS, name, namespace, **kind, status=status)


async def test_a_name_costs_one_request_and_no_list(server):
    put(server, "shot")
    async with backend_of(server) as backend:
        assert (await backend.find("shot")).metadata.name == "shot"
        assert (await backend.find("default/shot")).key == "default/shot"
    assert server.asked() == ["/apis/renderjob.dev/v1alpha1/namespaces/default/renderjobs/shot"] * 2


async def test_other_namespaces_are_looked_into_only_when_that_is_asked(server):
    put(server, "here")
    put(server, "there", "film")
    async with backend_of(server) as backend:
        assert [job.key for job in await backend.list()] == ["default/here"]
        assert (await backend.find("film/there")).key == "film/there"
        with pytest.raises(CliError, match="no job is called there in the namespace default"):
            await backend.find("there")
    async with backend_of(server, everywhere=True) as backend:
        assert len(await backend.list()) == 2
        assert (await backend.find("there")).key == "film/there"


async def test_a_job_whose_spec_cannot_be_read_is_shown_with_its_status(server):
    server.put(
        JOBS, "odd", spec={"frames": "1-x"}, status={"state": "Pending", "error": "frames: what is x?"}
    )
    async with backend_of(server) as backend:
        (job,) = await backend.list()
        assert job.status.error == "frames: what is x?"
        assert backend.document(job)["spec"] == {"frames": "1-x"}


async def test_what_can_not_be_read_is_one_line_and_hides_nothing(server, caplog):
    put(server, "a")
    server.put(JOBS, "bad-spec", spec={"frames": "1-10x0", "template": {"spec": {"containers": "x"}}})
    put(server, "bad-status", state="Melting", frames={"completed": "1-4"})
    server.put(JOBS, "deep", spec={"frames": "1", "template": nested(900)})
    put(server, "z")
    async with backend_of(server) as backend:
        jobs = {job.metadata.name: job for job in await backend.list()}
        assert list(jobs) == ["a", "bad-spec", "bad-status", "deep", "z"]
        await backend.list()
        lines = [record.getMessage() for record in caplog.records]
        assert [line.split(": ")[0] for line in lines] == [
            "default/bad-spec",
            "default/bad-status",
            "default/deep",
        ], "each is told of once"
        assert "spec.frames" in lines[0]
        assert "status.state" in lines[1]
        assert jobs["bad-status"].status.frames.completed == "1-4"
        assert "64 levels" in lines[2]
        assert (await backend.find("deep")).metadata.name == "deep"
        assert "(1)" not in describe(jobs["bad-spec"], backend.place, attended=True)


async def test_a_job_that_can_not_be_read_can_be_cancelled(server):
    server.put(JOBS, "odd", spec={"frames": "1-10x0", "parallelism": 7})
    async with backend_of(server) as backend:
        job = await backend.find("odd")
        await backend.manager.cancel(job.metadata.uid)
    odd = server.find(JOBS, "odd")
    assert odd is not None
    assert odd["spec"] == {"frames": "1-10x0", "parallelism": 7, "cancel": True}


def nested(levels: int) -> dict:
    value: dict = {}
    for _ in range(levels):
        value = {"a": value}
    return value


async def test_a_watch_goes_on_after_its_connection_is_cut(server):
    put(server, "shot", state="Running")
    async with backend_of(server) as backend:
        job = await backend.find("shot")
        async with aclosing(backend.watch(job)) as changes:
            assert [j.status.state for j in await anext(changes)] == [State.RUNNING]
            await server.until(lambda: server.watching > 0)
            server.drop_watches()
            put(server, "shot", state="Merging")
            put(server, "other", state="Running")
            assert [j.status.state for j in await anext(changes)] == [State.MERGING]
            server.remove(JOBS, "shot")
            put(server, "shot", state="Running")
            assert list(await anext(changes)) == [], "another one of its name is not this one"


async def test_a_watch_that_is_forbidden_says_so_at_once(server):
    put(server, "shot")
    async with backend_of(server) as backend:
        job = await backend.find("shot")
        server.fail(403, refusal(403, "Forbidden", "renderjobs is forbidden"), matches=lambda r: r.is_list)
        with pytest.raises(ApiError, match="forbidden"):
            await anext(backend.watch(job))


# -- applying -------------------------------------------------------------------------------------------------


async def test_two_who_create_at_once_both_succeed(server):
    """Somebody else creates it between our look and our create."""
    body = manifest("shot", parallelism=3)

    def meanwhile(request) -> bool:
        if request.method == "POST":
            put(server, "shot")
        return False

    server.fail(500, matches=meanwhile)
    async with server.api() as api:
        brought = await bring(api, body, "default", dry_run=False)
    assert brought.before is not None
    assert brought.after["spec"]["parallelism"] == 3


async def test_what_was_taken_out_of_the_manifest_is_taken_out_and_nothing_else(server):
    async with server.api() as api:
        await bring(api, manifest("shot", parallelism=3, timeouts={"chunk": "2h"}), "default", dry_run=False)
        await api.merge_patch(
            "/apis/renderjob.dev/v1alpha1/namespaces/default/renderjobs/shot", {"spec": {"cancel": True}}
        )
        brought = await bring(api, manifest("shot", timeouts={"chunk": "3h"}), "default", dry_run=False)
        spec = brought.after["spec"]
        assert "parallelism" not in spec
        assert spec["timeouts"] == {"chunk": "3h"}
        assert spec["cancel"] is True
        again = await bring(api, manifest("shot", timeouts={"chunk": "3h"}), "default", dry_run=False)
        assert not again.changed
    assert [r.method for r in server.requests][-1] == "GET", "nothing is written when nothing differs"


async def test_a_manifest_that_is_too_large_to_be_noted_is_applied_all_the_same(server):
    body = manifest("shot", command=["render", "x" * MOST_NOTED])
    async with server.api() as api:
        brought = await bring(api, body, "default", dry_run=False)
    assert not brought.noted
    assert LAST_APPLIED not in brought.after["metadata"]["annotations"]


async def test_what_a_server_wrote_is_not_applied_again(server):
    """What `get -o yaml` printed may be submitted."""
    put(server, "shot", state="Completed")
    async with backend_of(server) as backend, server.api() as api:
        document = backend.document(await backend.find("shot"))
        brought = await bring(api, document, "film", dry_run=False)
    assert brought.before is None
    noted = json.loads(brought.after["metadata"]["annotations"][LAST_APPLIED])
    assert set(noted) == {"apiVersion", "kind", "metadata", "spec"}
    assert set(noted["metadata"]) == {"name", "namespace", "annotations"}


# -- words ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "words", "code"),
    [
        (NoClusterError("no kubeconfig"), "renderjob run FILE", ExitCode.FAILED),
        (UnreachableError("no answer in time"), "can't be reached: no answer", ExitCode.FAILED),
        (ApiError(404, "", "HTTP 404: 404 page not found"), "kubectl apply -k manifests", ExitCode.FAILED),
        (ApiError(404, "NotFound", 'namespaces "x" not found', {"kind": "namespaces"}), "namespaces", ExitCode.FAILED),
        (ApiError(401, "Unauthorized", "Unauthorized"), "does not know you", ExitCode.FAILED),
        (ApiError(403, "Forbidden", "User may not"), "User may not", ExitCode.FAILED),
        (ApiError(400, "BadRequest", 'unknown field "spec.x"'), 'unknown field "spec.x"', ExitCode.INVALID),
        (
            ApiError(422, "Invalid", "…", {"causes": [{"field": "spec.frames", "message": "Required value"}]}),
            "  spec.frames: Required value",
            ExitCode.INVALID,
        ),
    ],
)  # fmt: skip
def test_what_a_cluster_says_is_told_in_words_with_a_code(error, words, code):
    told = cli_error(error, "film/shot")
    assert words in str(told)
    assert told.code is code
    with pytest.raises(CliError), in_words():
        raise error


# -- logs -----------------------------------------------------------------------------------------------------


def pod(
    server: FakeApi,
    id_: int,
    *,
    kind: str = "render",
    chunk: int = 0,
    attempt: int = 1,
    frames: str = "",
    owner: str = "",
):
    """A pod, and the Job that it is of; with another `owner` it only has the labels of one."""
    labels = {
        "renderjob.dev/uid": "u",
        "renderjob.dev/kind": kind,
        "renderjob.dev/chunk": str(chunk),
        "renderjob.dev/attempt": str(attempt),
        "renderjob.dev/attempt-id": str(id_),
    }
    metadata = {
        "labels": labels,
        "annotations": {"renderjob.dev/frames": frames},
        "creationTimestamp": "2026-01-01T00:00:00Z",
    }
    name = f"shot{attempt_mark('u')}{id_}"
    if not owner:
        owners = [{"kind": "RenderJob", "name": "shot", "uid": "u", "controller": True}]
        made = server.put("apis/batch/v1/jobs", name, metadata={**metadata, "ownerReferences": owners})
        owner = made["metadata"]["uid"]
    metadata["ownerReferences"] = [{"kind": "Job", "name": name, "uid": owner, "controller": True}]
    names = ["proxy", "render"] if kind == "render" else [kind]
    spec = {"containers": [{"name": name} for name in names]}
    server.put("api/v1/pods", f"pod-{id_}", metadata=metadata, spec=spec)


async def test_logs_are_those_of_chunks_and_merges_with_the_container_that_works(server):
    pod(server, 10, kind="merge", frames="1-20")
    pod(server, 2, chunk=1, frames="11-20")
    pod(server, 9, chunk=1, attempt=2, frames="15-20")
    pod(server, 3, kind="verify", frames="1-20")
    async with server.api() as api:
        logs = await pod_logs(api, "default", "u")
    assert [(log.id, log.chunk, log.attempt, log.ends) for log in logs] == [
        (2, 1, 1, (11, 20)),
        (9, 1, 2, (15, 20)),
        (10, None, 1, None),
    ]
    assert [log.holds(12) for log in logs] == [True, False, False]
    assert [log.container for log in logs] == ["render", "render", "merge"]


async def test_of_a_pod_that_only_has_our_labels_no_log_is_shown(server):
    pod(server, 1, frames="1-10")
    server.remove("api/v1/pods", "pod-1")
    pod(server, 1, frames="1-10", owner="somebody")
    async with server.api() as api:
        assert await pod_logs(api, "default", "u") == []


async def test_who_may_not_see_jobs_sees_logs_by_the_names_of_jobs(server):
    pod(server, 1, frames="1-10", owner="of a Job that is not seen")
    async with server.api() as api:
        (log,) = await pod_logs(api, "default", "u")
    assert log.id == 1


async def test_a_pod_whose_frames_would_fill_the_memory_holds_none(server):
    pod(server, 1, frames="1-2147483647x3")
    async with server.api() as api:
        (log,) = await pod_logs(api, "default", "u")
    assert not log.holds(1)


async def test_a_pod_whose_list_of_frames_was_cut_holds_those_before_the_cut(server):
    pod(server, 1, frames="1-10,20-30,40-…")
    async with server.api() as api:
        (log,) = await pod_logs(api, "default", "u")
    assert log.holds(25)
    assert not log.holds(41)
