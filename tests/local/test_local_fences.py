"""Attempts are fenced: each writes to a directory of its own, and only what verifies is moved up from it."""

from __future__ import annotations

import errno
import os

import pytest

from renderjob.api import State
from renderjob.executors.local import Store, settle
from renderjob.repositories import SQLiteJobRepository
from support.killable import Driver
from support.local import HOLD, PNG, WRITE, each_frame, farm, local_job, processes_of, until

TOLD = 'echo "$RENDER_ATTEMPT $RENDER_FRAMES" >> told; '
APART = (
    "echo {what} > $RENDER_OUTPUT/$n.png; "
    "until touch probe && [ probe -nt $RENDER_OUTPUT/$n.png ]; do :; done; "
)
"""Shell: a frame with a time of its own, however coarse the clock."""

LITTER = ".renderjob"


def zombie(what: str) -> str:
    """Shell: leave a process behind that nobody finds, and go on when it is `up`."""
    alone = "setsid env -i PATH=$PATH OUT=$RENDER_OUTPUT HERE=$PWD"
    inner = f"{what}; touch $HERE/haunted"
    return f"{alone} sh -c '{inner}' > /dev/null 2>&1 & until [ -e up ]; do sleep 0.02; done; "


WAIT = f"touch $HERE/up; {HOLD.replace('go', '$HERE/go')}"
BY_PATH = f"{WAIT}; echo garbage > $OUT/0003.png"
STUBBORN = f"{WAIT}; mkdir -p $OUT; echo garbage > $OUT/0003.png"
BY_DIRECTORY = f"cd $OUT; {WAIT}; echo garbage > 0003.png"


@pytest.mark.parametrize("what", [BY_PATH, STUBBORN, BY_DIRECTORY])
async def test_a_zombie_can_not_overwrite_a_verified_frame(tmp_path, what):
    dies = f"if [ $RENDER_ATTEMPT = 1 ]; then {zombie(what)} exit 9; fi; "
    async with farm(tmp_path) as here:
        job = await here.run(dies + WRITE, output=PNG)
        here.go()
        await until((here.home / "haunted").exists, "for the zombie")
        assert (here.out / "0003.png").read_text() == "frame\n"
        assert [name for name in here.pictures() if name != LITTER] == [f"{n:04}.png" for n in range(1, 11)]
    assert job.status.state is State.COMPLETED


async def test_without_a_fence_it_can(tmp_path):
    dies = f"if [ $RENDER_ATTEMPT = 1 ]; then {zombie(BY_PATH)} exit 9; fi; "
    async with farm(tmp_path) as here:
        await here.run(dies + WRITE, output={**PNG, "fenced": False})
        here.go()
        await until((here.home / "haunted").exists, "for the zombie")
        assert (here.out / "0003.png").read_text() == "garbage\n"


async def test_an_attempt_sees_a_directory_of_its_own_and_nothing_of_it_is_left(tmp_path):
    script = 'echo "$RENDER_OUTPUT" >> told; ls -A $RENDER_OUTPUT >> told; ' + WRITE
    async with farm(tmp_path) as here:
        await here.run(script, output=PNG, frames="1-4", chunks={"size": 2})
        first, second = here.lines("told")
        assert first != second
        assert first.startswith(f"{here.out}/{LITTER}/")
        assert here.pictures() == ["0001.png", "0002.png", "0003.png", "0004.png"]


async def test_of_an_attempt_that_dies_the_finished_frames_are_moved_up_and_its_last_is_not(tmp_path):
    dies = TOLD + each_frame(
        APART.format(what="$RENDER_ATTEMPT") + "[ $RENDER_ATTEMPT = 2 ] || [ $f -lt 4 ] || exit 9"
    )
    async with farm(tmp_path) as here:
        uid = await here.submit(dies, output=PNG, retries={"backoff": {"initial": "1h"}})
        await here.reached(uid, lambda job: job.status.frames.completed == "1-3")
        assert here.pictures() == ["0001.png", "0002.png", "0003.png"]


async def test_frames_in_a_sub_directory_and_what_else_lies_beside_them_arrive(tmp_path):
    writes = each_frame("echo frame > $RENDER_OUTPUT/beauty/$n.png; echo d > $RENDER_OUTPUT/depth/$n.exr")
    script = f"mkdir $RENDER_OUTPUT/depth; {writes}; echo log > $RENDER_OUTPUT/render.log"
    async with farm(tmp_path) as here:
        output = {"path": "out", "file": "beauty/####.png"}
        job = await here.run(script, output=output, frames="1-4", chunks={"size": 2}, parallelism=2)
        found = sorted(str(p.relative_to(here.out)) for p in here.out.rglob("*") if p.is_file())
    assert job.status.state is State.COMPLETED
    names = [f"{n:04}" for n in range(1, 5)]
    assert found == [*(f"beauty/{n}.png" for n in names), *(f"depth/{n}.exr" for n in names), "render.log"]


async def test_frames_that_an_attempt_was_not_asked_for_stay_out(tmp_path):
    """A chunk's renderer that renders one frame too many would overwrite that of the next chunk."""
    script = each_frame("echo own > $RENDER_OUTPUT/$n.png") + "; echo other > $RENDER_OUTPUT/0003.png"
    async with farm(tmp_path) as here:
        script = f"[ $RENDER_START = 3 ] || {{ {script}; exit; }}; {each_frame('echo own > $RENDER_OUTPUT/$n.png')}"
        await here.run(script, output=PNG, frames="1-4", chunks={"size": 2, "order": "Reverse"})
        assert (here.out / "0003.png").read_text() == "own\n"


async def test_what_has_the_wrong_name_is_there_to_be_looked_at(tmp_path):
    script = "echo frame > $RENDER_OUTPUT/frame-1.png"
    async with farm(tmp_path) as here:
        job = await here.run(script, output=PNG, frames="1", retries={"perChunk": 0, "onFailure": "Stop"})
        assert here.pictures() == ["frame-1.png"]
    assert [f.failure_class for f in job.status.failures] == ["NoOutput"]


async def test_the_file_of_a_chunk_is_moved_up_when_it_is_whole(tmp_path):
    script = "echo $RENDER_ATTEMPT > $RENDER_OUTPUT/sub/part-$RENDER_START.mkv; [ $RENDER_ATTEMPT = 2 ]"
    output = {"path": "out", "chunkFile": "sub/part-$(RENDER_START).mkv"}
    async with farm(tmp_path) as here:
        uid = await here.submit(f"{script} || {{ touch died; exit 1; }}", output=output, frames="1-2")
        job = await here.end(uid)
        assert here.lines("died") == []
        assert (here.out / "sub" / "part-1.mkv").read_text() == "2\n"
        assert here.pictures() == ["sub"]
    assert job.status.state is State.COMPLETED


async def test_a_chunks_file_of_an_attempt_that_died_is_not_moved_up(tmp_path):
    script = "echo half > $RENDER_OUTPUT/part-$RENDER_START.mkv; exit 1"
    output = {"path": "out", "chunkFile": "part-$(RENDER_START).mkv"}
    async with farm(tmp_path) as here:
        job = await here.run(script, output=output, retries={"perChunk": 0, "onFailure": "Stop"})
        assert here.pictures() == []
    assert job.status.state is State.FAILED


async def test_a_renderer_that_writes_to_the_output_itself_works_as_ever(tmp_path):
    script = TOLD + each_frame("[ $RENDER_ATTEMPT$f = 13 ] || echo frame > out/$n.png")
    async with farm(tmp_path) as here:
        job = await here.run(script, output=PNG)
        assert here.lines("told") == ["1 1-10", "2 3"]
        assert here.pictures() == [f"{n:04}.png" for n in range(1, 11)]
    assert job.status.state is State.COMPLETED


async def test_of_frames_that_are_written_to_the_output_itself_the_last_of_the_dead_is_doubted(tmp_path):
    apart = APART.format(what="frame").replace("$RENDER_OUTPUT", "out")
    dies = TOLD + each_frame(apart + "[ $RENDER_ATTEMPT = 2 ] || [ $f -lt 4 ] || exit 9")
    async with farm(tmp_path) as here:
        await here.run(dies, output=PNG)
        assert here.lines("told") == ["1 1-10", "2 4-10"]


async def test_an_old_frame_does_not_stand_in_for_one_that_was_not_written(tmp_path):
    script = TOLD + each_frame("[ $RENDER_ATTEMPT$f = 13 ] || echo new > $RENDER_OUTPUT/$n.png")
    async with farm(tmp_path) as here:
        here.out.mkdir()
        (here.out / "0003.png").write_text("of last week")
        await here.run(script, output=PNG)
        assert here.lines("told") == ["1 1-10", "2 3"]
        assert (here.out / "0003.png").read_text() == "new\n"


@pytest.mark.parametrize("kind", ["file", "chunkFile"])
async def test_a_frame_of_last_week_is_not_replaced_by_one_that_is_too_small(tmp_path, kind):
    output = {"path": "out", kind: {"file": "####.png", "chunkFile": "000$(RENDER_START).png"}[kind]}
    script = "if [ $RENDER_ATTEMPT = 1 ]; then : > $RENDER_OUTPUT/0001.png; else exit 9; fi"
    async with farm(tmp_path) as here:
        here.out.mkdir()
        (here.out / "0001.png").write_text("of last week")
        job = await here.run(script, output=output, frames="1", retries={"perChunk": 1, "onFailure": "Stop"})
        assert (here.out / "0001.png").read_text() == "of last week"
    assert [f.failure_class for f in job.status.failures] == ["NoOutput", "Error"]
    assert job.status.state is State.FAILED


async def test_of_a_failed_attempt_a_good_frame_is_not_replaced_by_one_that_is_too_small(tmp_path):
    script = "echo good > out/0001.png; : > $RENDER_OUTPUT/0001.png; touch out/0002.png; exit 9"
    async with farm(tmp_path) as here:
        await here.run(script, output=PNG, frames="1-2", retries={"perChunk": 0, "onFailure": "Stop"})
        assert (here.out / "0001.png").read_text() == "good\n"


async def test_what_lies_beside_the_frames_and_can_not_be_moved_up_holds_up_no_frame(tmp_path):
    async with farm(tmp_path) as here:
        (here.out / "cache").mkdir(parents=True)
        job = await here.run("touch $RENDER_OUTPUT/cache; " + WRITE, output=PNG, frames="1-3")
        assert here.pictures() == ["0001.png", "0002.png", "0003.png", "cache"]
    assert job.status.state is State.COMPLETED


async def test_frames_that_can_not_be_moved_up_stay_where_they_are_and_that_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(settle, "PAUSES", (0.01,))
    async with farm(tmp_path) as here:
        (here.out / "0002.png" / "whose").mkdir(parents=True)
        job = await here.run(WRITE, output=PNG, frames="1-3", retries={"perChunk": 0, "onFailure": "Stop"})
        [left] = here.out.glob(f"{LITTER}/*/*/0002.png")
        assert left.read_text() == "frame\n"
    [failure] = job.status.failures
    assert failure.failure_class == "Error"
    assert "are rendered, but can't be moved to" in failure.message
    assert str(left.parent) in failure.message
    assert job.status.frames.completed == "1,3"


async def test_a_file_server_that_is_away_for_a_moment_costs_no_frame(tmp_path, monkeypatch):
    monkeypatch.setattr(settle, "PAUSES", (0.01, 0.01))
    failures = [OSError(errno.ESTALE, "Stale file handle")] * 2

    real = os.replace

    def replaced(source: str, target: str, **where: int) -> None:
        if str(source).endswith(".png") and failures:
            raise failures.pop()
        real(source, target, **where)

    monkeypatch.setattr(os, "replace", replaced)
    async with farm(tmp_path) as here:
        job = await here.run(TOLD + WRITE, output=PNG, frames="1-3")
        assert here.lines("told") == ["1 1-3"]
    assert failures == []
    assert job.status.state is State.COMPLETED


async def test_a_directory_of_ours_that_can_not_be_made_is_named(tmp_path):
    async with farm(tmp_path) as here:
        here.out.mkdir()
        (here.out / LITTER).write_text("mine")
        job = await here.run(WRITE, output=PNG, frames="1-3")
        assert f"{here.out}/{LITTER} can't be made" in job.status.error
        assert "output.fenced: false" in job.status.error
        unfenced = await here.run(WRITE, name="other", output={**PNG, "fenced": False}, frames="1-3")
    assert unfenced.status.state is State.COMPLETED


async def test_two_jobs_in_one_output_directory_leave_each_other_alone(tmp_path):
    async with farm(tmp_path) as here:
        slow = each_frame(f"echo slow > $RENDER_OUTPUT/$n.png; touch slow; {HOLD}")
        one = await here.submit(slow, name="one", output=PNG, frames="1-3")
        await until((here.home / "slow").exists)
        other = await here.run(WRITE, name="other", output=PNG, frames="4-9", chunks={"size": 2})
        assert other.status.state is State.COMPLETED
        assert here.pictures() == [LITTER, *(f"{n:04}.png" for n in range(4, 10))]
        here.go()
        assert (await here.end(one)).status.state is State.COMPLETED
        assert here.pictures() == [f"{n:04}.png" for n in range(1, 10)]


async def test_what_an_edit_made_stale_is_not_moved_up(tmp_path):
    async with farm(tmp_path) as here:
        old = each_frame(f"echo old > $RENDER_OUTPUT/$n.png; touch old; {HOLD}")
        uid = await here.submit(f"trap '' TERM; {old}", output=PNG, frames="1-3", grace=0)
        await until((here.home / "old").exists)
        new = ["sh", "-c", f"ls out > seen; {WRITE}"]
        template = local_job(here.home, new).spec.template
        await here.manager.edit(uid, lambda spec: spec.model_copy(update={"template": template}))
        job = await here.end(uid)
        assert here.lines("seen") == []
        assert here.pictures() == ["0001.png", "0002.png", "0003.png"]
    assert job.status.state is State.COMPLETED


# -- a manager that is killed -------------------------------------------------------------------------------


async def killed_at(directory, script: str, ready: str) -> str:
    """Run a job until a file is there, then kill its manager. Returns the job's id."""
    home = directory / "home"
    home.mkdir()
    async with SQLiteJobRepository(Store(directory / "store").database) as repository:
        uid = (await repository.create(local_job(home, script, output=PNG))).metadata.uid
    with Driver(directory) as running:
        await until((home / ready).exists, "for frames")
        running.kill()
    await until(lambda: not processes_of(uid), "for the watchdog to end what is left")
    return uid


LATER = each_frame(APART.format(what="$RENDER_ATTEMPT$ONCE") + f"[ $f != 5 ] || {{ touch ready; {HOLD}; }}")


async def test_after_a_kill_the_next_manager_moves_up_what_was_finished_and_renders_the_rest(tmp_path):
    uid = await killed_at(tmp_path, TOLD + LATER, "ready")
    out = tmp_path / "home" / "out"
    assert [p.name for p in out.iterdir()] == [LITTER], "nothing is moved up before it is verified"
    async with farm(tmp_path) as here:
        here.uids.append(uid)
        here.go()
        job = await here.end(uid)
        assert here.lines("told") == ["1 1-10", "1 5-10"]
        assert here.pictures() == [f"{n:04}.png" for n in range(1, 11)]
    assert (job.status.state, job.status.attempts.failed) == (State.COMPLETED, 0)


async def test_what_nobody_knows_of_is_removed_when_a_job_is_taken_up(tmp_path):
    uid = await killed_at(tmp_path, TOLD + LATER, "ready")
    [group] = (tmp_path / "home" / "out" / LITTER).iterdir()
    for name in ("77", "78.ended"):
        (group / name).mkdir()
        (group / name / "0009.png").write_text("nobody's")
    (group.parent / "somebody-else").mkdir()
    async with farm(tmp_path) as here:
        here.uids.append(uid)
        here.go()
        await here.end(uid)
        assert (here.out / "0009.png").read_text() != "nobody's"
        assert [p.name for p in (here.out / LITTER).iterdir()] == ["somebody-else"]


async def test_a_kill_while_frames_are_moved_up_loses_none(tmp_path):
    """Some lie in the output already, some in the attempt's directory, which is closed."""
    uid = await killed_at(tmp_path, TOLD + LATER, "ready")
    out = tmp_path / "home" / "out"
    [group] = (out / LITTER).iterdir()
    (group / "1" / "0002.png").rename(out / "0002.png")
    (group / "1").rename(group / "1.ended")
    async with farm(tmp_path) as here:
        here.uids.append(uid)
        here.go()
        await here.end(uid)
        assert here.lines("told") == ["1 1-10", "1 5-10"]


async def test_what_lies_where_the_output_was_before_an_edit_is_removed(tmp_path):
    """Nobody knows the old output.path by then: it was edited while no manager ran."""
    uid = await killed_at(tmp_path, TOLD + LATER, "ready")
    async with SQLiteJobRepository(Store(tmp_path / "store").database) as repository:
        job = await repository.get(uid)
        output = job.spec.output.model_copy(update={"path": "elsewhere"})
        await repository.save(job.model_copy(update={"spec": job.spec.model_copy(update={"output": output})}))
    async with farm(tmp_path) as here:
        here.uids.append(uid)
        here.go()
        await here.end(uid)
        assert here.lines("told") == ["1 1-10", "1 1-10"]
        assert here.pictures() == []
        assert sorted(p.name for p in (here.home / "elsewhere").iterdir()) == [
            f"{n:04}.png" for n in range(1, 11)
        ]


# -- what a renderer leaves -----------------------------------------------------------------------------------


async def test_both_spellings_of_negative_frames_are_frames(tmp_path):
    script = "cd $RENDER_OUTPUT; for n in -001 0000 0001; do echo frame > ./$n.png; done"
    async with farm(tmp_path) as here:
        job = await here.run(script, output=PNG, frames="-1-1", retries={"perChunk": 0, "onFailure": "Stop"})
        assert here.pictures() == ["-001.png", "0000.png", "0001.png"]
    assert (job.status.state, job.status.frames.completed) == (State.COMPLETED, "-1-1")


async def test_frames_of_nobody_are_there_to_be_looked_at(tmp_path):
    script = "cd $RENDER_OUTPUT; for n in -001 -002; do echo frame > ./$n.png; done"
    async with farm(tmp_path) as here:
        job = await here.run(script, output=PNG, frames="-1-1", retries={"perChunk": 0, "onFailure": "Stop"})
        assert here.pictures() == ["-001.png", "-002.png"]
    assert job.status.frames.completed == "-1"


async def test_frames_that_are_too_small_are_there_to_be_looked_at(tmp_path):
    script = "echo x > $RENDER_OUTPUT/0001.png; echo frame > $RENDER_OUTPUT/0002.png"
    async with farm(tmp_path) as here:
        job = await here.run(
            script, output={**PNG, "minBytes": 4}, frames="1-2", retries={"perChunk": 0, "onFailure": "Stop"}
        )
        assert here.pictures() == ["0001.png", "0002.png"]
    assert job.status.frames.completed == "2"


async def test_links_that_leave_and_pipes_are_no_frames_and_that_is_said(tmp_path):
    script = (
        "cd $RENDER_OUTPUT; echo frame > 0001.png; ln -s /etc/passwd 0002.png; mkfifo 0003.png; "
        "ln -s 0001.png 0004.png; mkdir .renderjob; touch .renderjob/x; ln -s .. up"
    )
    async with farm(tmp_path) as here:
        job = await here.run(script, output=PNG, frames="1-4", retries={"perChunk": 0, "onFailure": "Stop"})
        assert here.pictures() == ["0001.png", "0004.png"]
        (log,) = Store(tmp_path / "store").logs(job.metadata.uid).iterdir()
        said = log.read_text()
    assert job.status.frames.completed == "1,4"
    for words in ("0002.png: a link to /etc/passwd", "0003.png: a pipe", ".renderjob: a name that is kept"):
        assert words in said


async def test_a_directory_deeper_than_python_recurses_holds_up_nothing(tmp_path):
    digs = "cd $RENDER_OUTPUT; for i in $(seq 1100); do mkdir d && cd d || exit 1; done"
    async with farm(tmp_path) as here:
        job = await here.run(f"({WRITE}); {digs}", output=PNG, frames="1-2")
        assert here.pictures() == ["0001.png", "0002.png"]
    assert job.status.state is State.COMPLETED
