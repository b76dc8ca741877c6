"""Listed chunks (chunks.explicit) and edits of the list: no frame is rendered by another chunk's command."""

from __future__ import annotations

import pytest

from renderjob.api import RenderJob, State
from renderjob.core import Kind, Phase, Start
from renderjob.frames import FrameSet
from renderjob.workload import verify_request, workload_of
from support.jobs import job, spec
from support.world import World


def listed(*frames: str, output: bool = False) -> dict[str, object]:
    """A chunk for each, with a command of its own."""
    more = [{"output": f"{some}.mkv"} if output else {} for some in frames]
    return {
        "explicit": [
            {"frames": some, "command": [f"render-{some}"], **other}
            for some, other in zip(frames, more, strict=True)
        ]
    }


def as_job(world: World) -> RenderJob:
    return job().model_copy(update={"spec": world.spec, "status": world.status})


def commands(world: World) -> list[str]:
    """What a look starts: the program of each, and its frames."""
    told = []
    for action in world.step().actions:
        if isinstance(action, Start):
            one = action.attempt
            workload = workload_of(
                as_job(world), one.frames, chunk=one.chunk, chunks=one.chunks, attempt=one.number, output=""
            )
            told.append(f"{one.frames}: {workload.argv[0]}")
    return told


@pytest.mark.parametrize("after", [("6-10", "11-15"), ("1-15",), ("1-10",), ("11-15", "1-5", "6-10")])
def test_an_attempt_that_has_not_started_is_made_anew_when_the_list_is_another(after: tuple[str, ...]):
    w = World(spec(frames="1-15", onEdit="Keep", parallelism=3, chunks=listed("1-5", "6-10", "11-15")))
    w.step(acts=0)
    w.edit(frames=",".join(after), chunks=listed(*after))
    assert commands(w) == [f"{some}: render-{some}" for some in after]
    assert w.status.attempts.failed == 0


def test_one_whose_chunk_is_the_same_is_started_as_it_was_written_down():
    w = World(spec(frames="1-10", onEdit="Keep", parallelism=2, chunks=listed("1-5", "6-10")))
    w.step(acts=0)
    w.edit(parallelism=3)
    assert commands(w) == ["1-5: render-1-5", "6-10: render-6-10"]
    assert w.status.attempts.stopped == 0


@pytest.mark.parametrize("frames", ["11-20", "6-20", "1-12", "1-20x2", "2-9", "1-5,11-12", "1-10"])
def test_a_verification_asks_for_the_files_of_chunks_that_there_are(frames: str):
    output = {"path": "/o", "chunkFile": "$(RENDER_START).mkv"}
    w = World(spec(frames="1-20", chunks={"size": 5}, parallelism=9, output=output))
    w.step()
    w.end_all()
    w.step(acts=0)
    w.edit(frames=frames)
    [look] = [
        a.attempt for a in w.step(acts=0).actions if isinstance(a, Start) and a.attempt.kind is Kind.VERIFY
    ]
    asked = verify_request(as_job(w), look.frames, "/o")["files"]
    assert FrameSet.union_of(FrameSet.parse(some) for some, _ in asked) <= FrameSet.parse(frames)


def test_frames_that_are_rendered_after_all_do_not_stand_among_the_failed():
    w = World(
        spec(
            frames="1-6",
            onEdit="Keep",
            chunks=listed("1-2", "3-4", "5-6", output=True),
            output={"path": "/o"},
            retries={"perChunk": 0, "canary": False},
            tolerate={"failedFrames": 2},
        )
    )
    w.step()
    w.end_all(Phase.FAILED)
    w.step(acts=0)
    assert w.status.frames.failed == "1-2"
    w.edit(chunks=listed("1-4", "5-6", output=True))
    for _ in range(3):
        w.step()
    assert [str(running.attempt.frames) for running in w.running] == ["1-4"]
    w.end_all()
    w.step()
    assert w.status.frames.unverified == "1-4"
    assert w.status.frames.failed == ""
    assert w.run().state is State.COMPLETED
