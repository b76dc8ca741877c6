"""A preview out of a cluster: what its pod is asked for, what comes back, and what is told when nothing does."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner

from renderjob.api import RenderJob
from renderjob.cli.errors import CliError
from renderjob.cli.main import app
from renderjob.cli.preview import pod as preview_pod
from renderjob.cli.preview.request import PreviewRequest, preview_in_cluster, preview_of
from renderjob.cli.preview.text import as_request, read_request, read_text, show_as_text
from renderjob.frames import FilePattern, FrameSet
from renderjob.media import Preview, run_ffmpeg
from support.fake_api import FakeApi, refusal
from support.jobs import manifest

JOBS, PODS, EVENTS = "apis/batch/v1/jobs", "api/v1/pods", "api/v1/events"


@pytest.fixture
async def server(monkeypatch):
    monkeypatch.setattr(preview_pod, "POLL", 0.01)
    async with FakeApi() as server:
        yield server


def picture(directory: Path, frame: int) -> None:
    target = str(directory / f"{frame:04d}.png")
    colour = f"color=c=0x{frame * 8:02x}0000:s=64x36"
    run_ffmpeg(["-f", "lavfi", "-i", colour, "-frames:v", "1", "-update", "1", target])


def preview(directory: Path, frames: str = "1-3") -> Preview:
    wanted = FrameSet.parse(frames)
    return Preview(directory, FilePattern("####.png"), wanted, wanted, width=64)


def render_job(image: str = "renderjob:1", **spec) -> RenderJob:
    body = manifest("shot", frames="1-3", output={"path": "/renders/shot", "file": "####.png"}, **spec)
    body["metadata"] |= {"namespace": "film", "uid": "u"}
    return RenderJob.model_validate({**body, "status": {"helperImage": image}})


async def asked_for(server: FakeApi) -> str:
    """Wait for the Job; its name."""
    await server.until(lambda: "POST" in {r.method for r in server.requests})
    (made,) = [r.body for r in server.requests if r.method == "POST"]
    return made["metadata"]["name"]


def pod_of(server: FakeApi, job: str, *, owner: str = "", name: str = "x", **status) -> None:
    """The pod of a preview's Job; of another `owner` it only has the label."""
    made = server.find(JOBS, job, "film")
    owners = [{"kind": "Job", "name": job, "uid": owner or made["metadata"]["uid"], "controller": True}]
    metadata = {"labels": {"batch.kubernetes.io/job-name": job}, "ownerReferences": owners}
    spec = {"containers": [{"name": "preview"}]}
    server.put(PODS, f"{job}-{name}", "film", metadata=metadata, spec=spec, status=status)


def left(server: FakeApi) -> list[str]:
    """The Jobs that are still there."""
    return [key[2] for key in server._objects if key[0] == JOBS]


# -- as text --------------------------------------------------------------------------------------------------


def test_what_a_pod_prints_is_what_comes_out(tmp_path):
    picture(tmp_path, 1)
    picture(tmp_path, 3)
    asked, suffixes = read_request(as_request(preview(tmp_path), [".png", ".mp4"]))
    assert asked == preview(tmp_path)
    shown = read_text("some warning\n" + "\n".join(show_as_text(asked, suffixes)) + "\n")
    sheet, film = shown.pictures
    assert shown.missing == "2"
    assert sheet.data.startswith(b"\x89PNG")
    assert sheet.words == "2 of 2 frames: 1,3"
    assert film.data[4:8] == b"ftyp"


def test_a_log_that_is_not_whole_is_refused(tmp_path):
    picture(tmp_path, 1)
    lines = list(show_as_text(preview(tmp_path), [".png"]))
    for cut, words in ((lines[:-1], "only a part"), (lines[1:], "no preview"), ([], "no preview")):
        with pytest.raises(ValueError, match=words):
            read_text("\n".join(cut))
    with pytest.raises(ValueError, match="damaged"):
        read_text("\n".join([lines[0], *lines[2:]]))


def test_more_than_comes_through_a_log_is_not_printed(tmp_path):
    picture(tmp_path, 1)
    with pytest.raises(
        CliError, match=r"at most 0\.0 MB come out of a cluster: show fewer frames \(--frames\)"
    ):
        list(show_as_text(preview(tmp_path), [".png"], most=100))


def test_the_pod_says_in_one_sentence_what_is_wrong(tmp_path):
    done = CliRunner().invoke(app, ["show", as_request(preview(tmp_path), [".png"])])
    assert done.exit_code == 1
    assert done.stderr == f"none of 3 frames is in {tmp_path} yet\n"


# -- the pod --------------------------------------------------------------------------------------------------


async def test_that_a_queue_holds_the_job_is_told(server, tmp_path, capsys):
    async with server.api() as api:
        look = PreviewRequest([tmp_path / "sheet.png"])
        showing = asyncio.create_task(preview_in_cluster(api, render_job(), look))
        name = await asked_for(server)
        server.put(JOBS, name, "film", spec={"suspend": True})
        told: list[str] = []
        await server.until(lambda: told.append(capsys.readouterr().err) or "Suspended" in "".join(told))
        assert "the preview's pod waits: Suspended: the Job is suspended; a queue such as Kueue" in "".join(
            told
        )
        showing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await showing


async def test_the_files_arrive_and_the_job_is_removed(server, tmp_path, capsys):
    picture(tmp_path, 1)
    log = "\n".join(show_as_text(preview(tmp_path), [".png"]))
    look = PreviewRequest([tmp_path / "new" / "sheet.png"])
    async with server.api() as api:
        showing = asyncio.create_task(preview_in_cluster(api, render_job(), look))
        name = await asked_for(server)
        pod_of(server, name, phase="Pending")
        server.fail(200, log, matches=lambda r: r.path.endswith("/log"))
        pod_of(server, name, phase="Succeeded")
        assert await showing == "2-3"
    assert look.targets[0].read_bytes().startswith(b"\x89PNG")
    assert f"{look.targets[0]}: 1 of 1 frame: 1\n" in capsys.readouterr().out
    assert not left(server)
    (asked,) = [r.body for r in server.requests if r.method == "POST"]
    (container,) = asked["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "renderjob:1"
    wanted, suffixes = read_request(container["args"][1])
    assert (wanted, suffixes) == (preview_of(render_job(), look, Path("/renders/shot")), [".png"])


async def test_a_pod_that_can_t_start_says_why_in_the_kubelets_words(server, capsys):
    held = {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "renderjob:1"'}
    async with server.api() as api:
        showing = asyncio.create_task(
            preview_in_cluster(api, render_job(), PreviewRequest([Path("s.png")], patience=0.3))
        )
        name = await asked_for(server)
        states = [{"name": "preview", "state": {"waiting": held}}]
        pod_of(server, name, phase="Pending", containerStatuses=states)
        with pytest.raises(
            CliError, match=r"did not start within 0.3s .*ImagePullBackOff: Back-off.*--directory"
        ):
            await showing
    assert 'waits: ImagePullBackOff: Back-off pulling image "renderjob:1"' in capsys.readouterr().err
    assert not left(server)


@pytest.mark.parametrize("of_pod", [True, False])
async def test_what_is_said_in_events_only_is_told(server, of_pod):
    async with server.api() as api:
        showing = asyncio.create_task(
            preview_in_cluster(api, render_job(), PreviewRequest([Path("s.png")], patience=0.3))
        )
        name = await asked_for(server)
        if of_pod:
            pod_of(server, name, phase="Pending")
        server.put(EVENTS, "e", "film", reason="FailedSomething", message="it is attached elsewhere")
        with pytest.raises(CliError, match="FailedSomething: it is attached elsewhere"):
            await showing


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (
            {"exitCode": 1, "reason": "Error", "message": "none of 3 frames is in /r yet\n"},
            "none of 3 frames is in /r yet",
        ),
        ({"exitCode": 2, "reason": "Error"}, "Error: exit code 2"),
        ({"exitCode": 137, "reason": "OOMKilled"}, "OOMKilled: exit code 137"),
    ],
)
async def test_a_pod_that_failed_says_how(server, end, words):
    async with server.api() as api:
        showing = asyncio.create_task(preview_in_cluster(api, render_job(), PreviewRequest([Path("s.png")])))
        states = [{"name": "preview", "state": {"terminated": end}}]
        pod_of(server, await asked_for(server), phase="Failed", containerStatuses=states)
        with pytest.raises(CliError, match=f"the preview's pod failed: {words}; where the output is mounted"):
            await showing
    assert not left(server)


async def test_a_pod_that_only_has_the_label_shows_nothing(server):
    async with server.api() as api:
        showing = asyncio.create_task(preview_in_cluster(api, render_job(), PreviewRequest([Path("s.png")])))
        job = await asked_for(server)
        forged = [{"name": "preview", "state": {"terminated": {"exitCode": 1, "message": "forged"}}}]
        pod_of(server, job, owner="another", name="a", phase="Failed", containerStatuses=forged)
        ours = [{"name": "preview", "state": {"terminated": {"exitCode": 1, "message": "ours"}}}]
        pod_of(server, job, phase="Failed", containerStatuses=ours)
        with pytest.raises(CliError, match="the preview's pod failed: ours"):
            await showing


async def test_who_may_make_no_job_is_told_of_the_other_way(server):
    server.fail(403, refusal(403, "Forbidden", 'jobs.batch is forbidden: User "ann" cannot create'))
    async with server.api() as api:
        with pytest.raises(CliError, match=r'User "ann" cannot create; .*--directory'):
            await preview_in_cluster(api, render_job(), PreviewRequest([Path("s.png")]))


async def test_an_operator_that_names_no_image_is_helped_out(server):
    async with server.api() as api:
        with pytest.raises(CliError, match=r"name one with --image; .*--directory"):
            await preview_in_cluster(api, render_job(image=""), PreviewRequest([Path("s.png")]))
    assert server.requests == []


async def test_ctrl_c_leaves_no_job(server):
    async with server.api() as api:
        showing = asyncio.create_task(
            preview_in_cluster(api, render_job(), PreviewRequest([Path("s.png")], image="mine:2"))
        )
        await asked_for(server)
        await server.until(lambda: any(r.path.endswith("/pods") for r in server.requests))
        showing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await showing
    assert not left(server)
