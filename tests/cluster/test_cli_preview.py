"""`kubectl renderjob preview` without a copy of the output: a pod looks, and its log brings the sheet."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import ControlPlane
from harness.waiting import patient, until
from renderjob.cli.preview.text import show_as_text
from renderjob.frames import FilePattern, FrameSet
from renderjob.media import Preview, run_ffmpeg
from support.cluster import ClusterFarm
from support.cluster_cli import Cli

OUTPUT = {"path": "/renders/shot", "file": "####.png"}
PREVIEW = {"frames": "1,2", "approval": "Required"}


@pytest.fixture
def cli(own_farm: ClusterFarm, tmp_path: Path) -> Cli:
    return Cli(own_farm, tmp_path, own_farm.plane.kubeconfig)


def parked(cli: Cli, **options) -> str:
    """A job whose preview waits for approval."""
    name = cli.farm.submit(frames="1-6", chunks={"size": 1}, output=OUTPUT, preview=PREVIEW, **options)
    cli.farm.reached(name, lambda s: s["state"] == "Suspended")
    return name


def nothing_left(cli: Cli, name: str) -> None:
    path = f"/apis/batch/v1/namespaces/{cli.farm.namespace}/jobs?labelSelector=renderjob.dev%2Fkind%3Dpreview"
    until(lambda: not cli.farm.plane.api("GET", path)["items"], f"for the preview's Job of {name} to be gone")


def test_a_sheet_comes_out_of_the_cluster(cli: Cli, control_plane: ControlPlane, tmp_path: Path):
    # What the pod would print beside the frames: no container runs here.
    for frame in (1, 2):
        colour = f"color=c=0x{frame * 40:02x}0000:s=64x36"
        run_ffmpeg(
            ["-f", "lavfi", "-i", colour, "-frames:v", "1", "-update", "1", f"{tmp_path}/{frame:04d}.png"]
        )
    frames = FrameSet.parse("1-2")
    printed = show_as_text(Preview(tmp_path, FilePattern("####.png"), frames, frames), [".png", ".mp4"])
    name = parked(cli)
    control_plane.print_log(cli.farm.namespace, "\n".join(printed))
    sheet, film = tmp_path / "sheet.png", tmp_path / "film.mp4"
    done = cli("preview", name, "-o", str(sheet), "-o", str(film))
    assert done.code == 0, done.err
    assert f"{sheet}: 2 of 2 frames: 1-2\n" in done.out
    assert f"the job waits for a word: kubectl renderjob approve {name}" in done.out
    assert sheet.read_bytes().startswith(b"\x89PNG")
    assert film.read_bytes()[4:8] == b"ftyp"
    nothing_left(cli, name)
    status = cli.farm.status(name)
    assert status["helperImage"]
    assert (status["state"], status["completedFrames"]) == ("Suspended", 2), "the operator takes no notice"


def test_why_no_sheet_comes_out(cli: Cli):
    label = {"kwok.renderjob.dev/only-kinds": "preview", "kwok.renderjob.dev/outcome": "image-pull"}
    name = parked(cli, labels=label)
    seconds = f"{patient(2):.0f}"
    done = cli("preview", name, "--image", "example/renderjob:9", "--timeout", seconds)
    assert done.code == 1
    assert (
        'the preview\'s pod waits: ImagePullBackOff: Back-off pulling image "example/renderjob:9"' in done.err
    )
    assert f"did not start within {seconds}s (--timeout): ImagePullBackOff" in done.err
    assert "--directory" in done.err
    nothing_left(cli, name)


def test_a_quota_that_leaves_no_room_for_the_pod(cli: Cli):
    name = parked(cli)
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "full"},
        "spec": {"hard": {"pods": "0"}},
    }
    cli.farm.plane.api("POST", f"/api/v1/namespaces/{cli.farm.namespace}/resourcequotas", quota)

    def enforced() -> bool:
        path = f"/api/v1/namespaces/{cli.farm.namespace}/resourcequotas/full"
        return "hard" in cli.farm.plane.api("GET", path).get("status", {})

    until(enforced, "for the quota to be counted")
    done = cli("preview", name, "--timeout", f"{patient(4):.0f}")
    assert done.code == 1
    assert "exceeded quota: full" in done.err
    nothing_left(cli, name)


def test_a_pod_that_fails(cli: Cli):
    labels = {"only-kinds": "preview", "outcome": "fail", "message": "no-frame", "exit-code": "1"}
    name = parked(cli, labels={f"kwok.renderjob.dev/{key}": value for key, value in labels.items()})
    done = cli("preview", name)
    assert done.code == 1
    assert "the preview's pod failed: no-frame" in done.err
    nothing_left(cli, name)
