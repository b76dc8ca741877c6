"""Pods as studios write them: users, read-only roots, init containers, sidecars, ConfigMaps, parts of a volume."""

from __future__ import annotations

from typing import Any

import pytest

from e2e.cluster import IMAGE, Place
from e2e.jobs import UNPRIVILEGED, files, python, render_job
from e2e.volume import digests, fetch, run
from renderjob.media import frame_hashes

Object = dict[str, Any]

LOCKED = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}


def owners(place: Place, directory: str) -> set[str]:
    """The users of what lies in a directory of the volume."""
    script = f"import os; print(*{{e.stat().st_uid for e in os.scandir({directory!r})}})"
    return set(run(place, "python", "-c", script).split())


def pictures(directory: str) -> list[str]:
    """A command that makes a picture for each frame by ffmpeg."""
    return [
        *("ffmpeg", "-hide_banner", "-nostdin", "-y", "-f", "lavfi", "-i"),
        "testsrc2=size=96x54:rate=24,trim=start_frame=$(RENDER_START),setpts=PTS-STARTPTS",
        *("-frames:v", "$(RENDER_FRAME_COUNT)", "-start_number", "$(RENDER_START)", f"{directory}/%04d.png"),
    ]


@pytest.mark.parametrize("standard", ["restricted", "privileged"])
def test_an_unprivileged_renderer_with_a_read_only_root(place: Place, standard: str, tmp_path):
    """In a namespace that lets nothing else in, and in one that does not care."""
    place.kubectl("label", "namespace", place.namespace, f"pod-security.kubernetes.io/enforce={standard}")
    job = render_job(
        "film",
        pictures("/renders"),
        container={
            "securityContext": LOCKED,
            "volumeMounts": [
                {"name": "renders", "mountPath": "/renders", "subPath": "film"},
                {"name": "tmp", "mountPath": "/tmp"},
            ],
        },
        output={"path": "/renders", "file": "####.png"},
        merge={"ffmpeg": {"file": "film.mp4", "fps": 24}},
    )
    pod = job["spec"]["template"]["spec"]
    pod["volumes"].append({"name": "tmp", "emptyDir": {}})
    pod["securityContext"] = {
        **UNPRIVILEGED,
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    place.apply(job)
    place.wait("film", "Complete")
    assert place.status("film")["attempts"]["failed"] == 0
    assert owners(place, "/renders/film") == {"65532"}
    assert len(frame_hashes(fetch(place, "/renders/film/film.mp4", tmp_path / "film.mp4"))) == 10


def test_a_renderer_whose_image_names_its_user(place: Place):
    """The manifest says nothing of users: the frames are the image's user's, and the video can be written."""
    job = render_job(
        "film",
        pictures("/renders"),
        output={"path": "/renders", "file": "####.png"},
        merge={"ffmpeg": {"file": "film.mp4", "fps": 24}},
    )
    del job["spec"]["template"]["spec"]["securityContext"]
    place.apply(job)
    place.wait("film", "Complete")
    assert place.status("film")["attempts"]["failed"] == 0
    found = digests(place, "/renders")
    assert {"0001.png", "0010.png", "film.mp4"} <= found.keys()


def test_init_containers_a_sidecar_a_second_container_and_a_config_map(place: Place):
    told = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "show"},
        "data": {"SHOW": "film", "SAMPLES": "64"},
    }
    shared = [{"name": "scratch", "mountPath": "/scratch"}]
    lines = files("/renders/out")
    job = render_job(
        "shot",
        python(
            "assert open('/scratch/licence').read() == 'fetched'",
            "assert (os.environ['SHOW'], os.environ['SAMPLES']) == ('film', '64')",
            "print('for', os.environ['LINE'])",
            *lines,
        ),
        container={
            "envFrom": [{"configMapRef": {"name": "show"}}],
            "env": [{"name": "LINE", "value": "$(SHOW) $(RENDER_FRAMES)"}],
            "volumeMounts": [
                {"name": "renders", "mountPath": "/renders/out", "subPath": "film/shot"},
                *shared,
            ],
        },
        chunks={"size": 5},
        output={"path": "/renders/out", "file": "####.txt"},
    )
    pod = job["spec"]["template"]["spec"]
    pod["volumes"].append({"name": "scratch", "emptyDir": {}})
    fetched = "open('/scratch/licence', 'w').write('fetched')"
    pod["initContainers"] = [
        {"name": "fetch", "image": IMAGE, "command": ["python", "-c", fetched], "volumeMounts": shared},
        {
            "name": "licence-server",
            "image": IMAGE,
            "restartPolicy": "Always",
            "command": ["python", "-c", "import time; time.sleep(3600)"],
        },
    ]
    beside = {"name": "upload", "image": IMAGE, "command": ["python", "-c", "import time; time.sleep(2)"]}
    pod["containers"].insert(0, beside)
    place.apply(told, job)
    place.wait("shot", "Complete")
    assert place.status("shot")["attempts"]["failed"] == 0
    assert len(digests(place, "/renders/film/shot", ".txt")) == 10


def test_an_init_container_that_fails_is_told_in_its_own_words(place: Place):
    job = render_job("shot", python("pass"), frames="1-40", chunks={"size": 1}, parallelism=4)
    words = "import sys; sys.exit('the licence server does not answer')"
    job["spec"]["template"]["spec"]["initContainers"] = [
        {
            "name": "fetch",
            "image": IMAGE,
            "command": ["python", "-c", words],
            "terminationMessagePolicy": "FallbackToLogsOnError",
        }
    ]
    place.apply(job)
    place.wait("shot", "Failed")
    status = place.status("shot")
    assert "init container fetch: the licence server does not answer" in status["error"]
    assert status["failures"][0]["exitCode"] == 1


def test_frames_below_zero_and_a_single_one(place: Place):
    name = "('-' if frame < 0 else '') + '%04d' % abs(frame)"
    write = [
        "os.makedirs('/renders/shot', exist_ok=True)",
        f"for frame in frames: open('/renders/shot/f' + {name} + '.txt', 'w').write('x')",
    ]
    output = {"path": "/renders/shot", "file": "f####.txt"}
    place.apply(render_job("shot", python(*write), frames="-3-2", chunks={"size": 4}, output=output))
    place.wait("shot", "Complete")
    assert place.status("shot")["frames"]["completed"] == "-3-2"
    place.apply(render_job("one", python(*write), frames="7", output=output))
    place.wait("one", "Complete")
    assert place.status("one")["framesShown"] == "1/1"
    found = digests(place, "/renders/shot", ".txt")
    assert set(found) == {"f-0003.txt", "f-0002.txt", "f-0001.txt", *(f"f000{n}.txt" for n in (0, 1, 2, 7))}
