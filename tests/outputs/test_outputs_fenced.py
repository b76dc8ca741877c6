"""A look at fenced frames: what verifies is moved up, once, whoever is interrupted; what runs is left alone."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from renderjob.frames import FilePattern, FrameSet
from renderjob.media import damaged
from renderjob.outputs import Asked, Doubtful, Fence, Look, look_fenced

PATTERN = FilePattern("####.png")
OURS = ".renderjob/job-now"


def frames(text: str) -> FrameSet:
    return FrameSet.parse(text)


def fence(before: int = 100, beside: str = "", **fields) -> Fence:
    values = {"root": ".renderjob", "job": "job", "digest": "now", "any_digest": False} | fields
    return Fence(before=before, beside=frames(beside), **values)


def write(directory: Path, text: str, what: str = "frame", pattern: FilePattern = PATTERN) -> None:
    """Frames, each a second younger than the one before."""
    for frame in frames(text):
        file = directory / pattern.name(frame)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(what)
        os.utime(file, (1e9 + frame, 1e9 + frame))


def looked(out: Path, text: str, of: Fence | None = None, **options) -> Look:
    options.setdefault("patterns", (PATTERN,))
    return look_fenced(out, Asked(frames(text), **options), of or fence())


def files(out: Path) -> dict[str, str]:
    return {p.relative_to(out).as_posix(): p.read_text() for p in sorted(out.rglob("*")) if p.is_file()}


def frames_in(out: Path) -> dict[str, str]:
    return {name: text for name, text in files(out).items() if not name.startswith(".renderjob/")}


def test_frames_that_verify_are_moved_up_and_their_directories_go(tmp_path):
    write(tmp_path / OURS / "3", "1-3")
    write(tmp_path / OURS / "4", "4,6")
    found = looked(tmp_path, "1-6")
    assert (found.present, found.missing) == (frames("1-4,6"), frames("5"))
    assert set(frames_in(tmp_path)) == {f"000{n}.png" for n in (1, 2, 3, 4, 6)}
    assert [p.name for p in (tmp_path / OURS).iterdir()] == ["published"]


def test_of_each_frame_the_newest_attempts_file_counts(tmp_path):
    write(tmp_path / OURS / "9", "1-3", "old")
    write(tmp_path / OURS / "10", "2-3", "new")
    assert looked(tmp_path, "1-3").present == frames("1-3")
    assert frames_in(tmp_path) == {"0001.png": "old", "0002.png": "new", "0003.png": "new"}


def test_a_newer_file_that_is_too_small_counts_for_nothing(tmp_path):
    write(tmp_path / OURS / "9", "1-2", "whole")
    write(tmp_path / OURS / "10", "1", "")
    assert looked(tmp_path, "1").present == frames("1")
    assert frames_in(tmp_path)["0001.png"] == "whole"


def test_a_verified_frame_is_not_overwritten_by_what_an_old_attempt_leaves_later(tmp_path):
    write(tmp_path, "1-3", "verified")
    write(tmp_path / OURS / "3", "1-3", "garbage")
    assert looked(tmp_path, "4").present == frames("")
    assert frames_in(tmp_path) == {f"000{n}.png": "verified" for n in (1, 2, 3)}


def test_the_last_file_of_an_attempt_that_died_is_doubted(tmp_path):
    write(tmp_path / OURS / "3", "1-4")
    found = looked(tmp_path, "1-10", doubtful=[Doubtful(frames("1-10"), 0.0)])
    assert (found.present, found.missing) == (frames("1-3"), frames("4-10"))
    assert set(frames_in(tmp_path)) == {"0001.png", "0002.png", "0003.png"}


def test_unless_its_log_says_that_it_was_finished(tmp_path):
    write(tmp_path / OURS / "3", "1-4")
    found = looked(tmp_path, "1-10", doubtful=[Doubtful(frames("1-3,5-10"), 0.0, frames("4"))])
    assert found.present == frames("1-4")


def test_what_an_earlier_pod_of_the_same_attempt_left_is_no_work_of_the_one_that_died(tmp_path):
    """The first was preempted in frame 4, the second began anew and died in frame 2."""
    write(tmp_path / OURS / "3", "1-4")
    for frame in (1, 2):
        os.utime(tmp_path / OURS / "3" / f"000{frame}.png", (1e9 + 100 + frame, 1e9 + 100 + frame))
    found = looked(tmp_path, "1-4", doubtful=[Doubtful(frames("1-4"), 1e9 + 90)])
    assert found.present == frames("1")


def test_each_attempt_that_died_has_a_last_file_of_its_own(tmp_path):
    write(tmp_path / OURS / "3", "1-4")
    write(tmp_path / OURS / "4", "11-13")
    doubts = [Doubtful(frames("1-10"), 0.0), Doubtful(frames("11-20"), 0.0)]
    assert looked(tmp_path, "1-20", doubtful=doubts).present == frames("1-3,11-12")


def test_what_succeeded_is_not_doubted_beside_what_died(tmp_path):
    write(tmp_path / OURS / "3", "1-4")
    write(tmp_path / OURS / "4", "5-8")
    assert looked(tmp_path, "1-8", doubtful=[Doubtful(frames("1-4"), 0.0)]).present == frames("1-3,5-8")


def test_the_last_file_is_doubted_when_another_attempt_had_to_do_it_again(tmp_path):
    """Nobody saw attempt 3 run, so nothing is known of its end; 7 says that it rendered all."""
    write(tmp_path / OURS / "3", "1-4", "old")
    write(tmp_path / OURS / "7", "1-3,5", "new")
    assert looked(tmp_path, "1-5").present == frames("1-3,5")


@pytest.mark.parametrize("live", ["12", "17"], ids=["in flight then", "begun since"])
def test_what_runs_is_left_alone(tmp_path, live):
    write(tmp_path / OURS / "3", "1-2")
    write(tmp_path / OURS / live, "3-4")
    assert looked(tmp_path, "1-4", fence(15, "11-13")).present == frames("1-2")
    assert set(frames_in(tmp_path)) == {"0001.png", "0002.png"}
    assert len(list((tmp_path / OURS / live).iterdir())) == 2


def test_a_look_that_is_done_again_says_the_same(tmp_path):
    """Its answer was lost, or too long: then the rest is asked for again."""
    write(tmp_path / OURS / "3", "1-4")
    first = looked(tmp_path, "1-5")
    assert looked(tmp_path, "1-5") == first
    assert looked(tmp_path, "3-5").present == frames("3-4")


class Killed(BaseException):
    """Stands for a kill."""


def dies_after(monkeypatch, moves: int) -> None:
    """The next look dies at its so many-th rename."""
    left, real = [moves], os.replace

    def replace(source, target, **where):
        if not left[0]:
            raise Killed
        left[0] -= 1
        return real(source, target, **where)

    monkeypatch.setattr(os, "replace", replace)


@pytest.mark.parametrize("moves", range(6))
def test_a_look_that_dies_anywhere_loses_nothing_when_it_is_done_again(tmp_path, monkeypatch, moves):
    write(tmp_path / OURS / "3", "1-4")
    write(tmp_path / OURS / "4", "5-6")
    (tmp_path / OURS / "4" / "pass.exr").write_text("depth")
    doubts = [Doubtful(frames("1-4"), 0.0)]
    dies_after(monkeypatch, moves)
    with pytest.raises(Killed):
        looked(tmp_path, "1-6", doubtful=doubts)
    monkeypatch.undo()
    assert looked(tmp_path, "1-6", doubtful=doubts).present == frames("1-3,5-6")
    assert set(frames_in(tmp_path)) == {*(f"000{n}.png" for n in (1, 2, 3, 5, 6)), "pass.exr"}


@pytest.mark.parametrize("moves", range(5))
def test_what_was_trusted_once_is_trusted_when_it_is_the_last_that_is_left(tmp_path, monkeypatch, moves):
    """The newest file was finished, as the log says, and is moved first."""
    write(tmp_path / OURS / "3", "1-4")
    os.utime(tmp_path / OURS / "3" / "0001.png", (2e9, 2e9))
    doubts = [Doubtful(frames("2-10"), 0.0, frames("1"))]
    dies_after(monkeypatch, moves)
    with pytest.raises(Killed):
        looked(tmp_path, "1-10", doubtful=doubts)
    monkeypatch.undo()
    assert looked(tmp_path, "1-10", doubtful=doubts).present == frames("1-4")


@pytest.mark.parametrize("moves", range(5))
def test_a_look_that_is_done_again_prefers_no_older_attempt(tmp_path, monkeypatch, moves):
    """What the newest has left is gone from there by then; what the others left is not."""
    write(tmp_path / OURS / "3", "1-4", "old")
    write(tmp_path / OURS / "7", "1-3,5", "new")
    dies_after(monkeypatch, moves)
    with pytest.raises(Killed):
        looked(tmp_path, "1-5")
    monkeypatch.undo()
    assert looked(tmp_path, "1-5").present == frames("1-3,5")
    assert set(frames_in(tmp_path).values()) == {"new"}


@pytest.mark.parametrize("moves", range(3))
def test_nor_does_one_for_the_files_of_chunks(tmp_path, monkeypatch, moves):
    for id_, text in (("3", "old"), ("7", "new")):
        (tmp_path / OURS / id_).mkdir(parents=True)
        for name in ("a.mkv", "b.mkv"):
            (tmp_path / OURS / id_ / name).write_text(text)
    wanted = [(frames("1-5"), "a.mkv"), (frames("6-10"), "b.mkv")]
    dies_after(monkeypatch, moves)
    with pytest.raises(Killed):
        looked(tmp_path, "1-10", patterns=(), files=wanted)
    monkeypatch.undo()
    assert looked(tmp_path, "1-10", patterns=(), files=wanted).present == frames("1-10")
    assert frames_in(tmp_path) == {"a.mkv": "new", "b.mkv": "new"}


def test_a_frame_that_nobody_moved_there_does_not_count(tmp_path):
    """A renderer that exits with 0 and writes elsewhere must not be credited with last week's frames."""
    write(tmp_path, "1-3", "of last week")
    write(tmp_path / OURS / "3", "1-2")
    assert looked(tmp_path, "1-3").present == frames("1-2")


def test_frames_to_be_taken_over_count_where_they_lie(tmp_path):
    write(tmp_path, "1-3", "of last week")
    assert looked(tmp_path, "1-4", fence(adopt=frames("1-4"))).present == frames("1-3")


def test_what_was_moved_up_and_deleted_is_missing(tmp_path):
    write(tmp_path / OURS / "3", "1-3")
    looked(tmp_path, "1-3")
    (tmp_path / "0002.png").unlink()
    assert looked(tmp_path, "1-3").missing == frames("2")


def test_frames_of_another_digest_are_thrown_away(tmp_path):
    write(tmp_path / ".renderjob/job-old" / "3", "1-3", "old")
    (tmp_path / ".renderjob/job-old" / "published").write_text("2 5\n")
    write(tmp_path, "5", "old")
    write(tmp_path / OURS / "4", "1", "new")
    assert looked(tmp_path, "1-5").present == frames("1")
    assert not (tmp_path / ".renderjob/job-old").exists()


def test_unless_an_edit_keeps_them(tmp_path):
    write(tmp_path / ".renderjob/job-old" / "3", "1-3", "old")
    write(tmp_path / OURS / "4", "3", "new")
    assert looked(tmp_path, "1-3", fence(any_digest=True)).present == frames("1-3")
    assert frames_in(tmp_path) == {"0001.png": "old", "0002.png": "old", "0003.png": "new"}


def test_other_jobs_are_left_alone(tmp_path):
    write(tmp_path / ".renderjob/other-now" / "3", "1-3")
    assert looked(tmp_path, "1-3").present == frames("")
    assert len(files(tmp_path / ".renderjob/other-now")) == 3


def test_frames_in_a_sub_directory_and_what_lies_beside_them_arrive(tmp_path):
    pattern = FilePattern("beauty/####.png")
    write(tmp_path / OURS / "3", "1-2", pattern=pattern)
    (tmp_path / OURS / "3" / "depth").mkdir()
    (tmp_path / OURS / "3" / "depth" / "0001.exr").write_text("depth")
    assert looked(tmp_path, "1-2", patterns=(pattern,)).present == frames("1-2")
    assert set(frames_in(tmp_path)) == {"beauty/0001.png", "beauty/0002.png", "depth/0001.exr"}


def test_an_attempt_of_which_nothing_counts_replaces_nothing(tmp_path):
    (tmp_path / "depth.exr").write_text("verified")
    (tmp_path / OURS / "3").mkdir(parents=True)
    (tmp_path / OURS / "3" / "depth.exr").write_text("garbage")
    (tmp_path / OURS / "3" / "frame-1.png").write_text("the wrong name")
    looked(tmp_path, "1")
    assert frames_in(tmp_path) == {"depth.exr": "verified", "frame-1.png": "the wrong name"}


def test_the_files_of_chunks_are_moved_up_by_the_newest_attempt(tmp_path):
    for id_, names in (("3", ("a.mkv", "b.mkv")), ("4", ("b.mkv",))):
        (tmp_path / OURS / id_).mkdir(parents=True)
        for name in names:
            (tmp_path / OURS / id_ / name).write_text(id_)
    wanted = [(frames("1-5"), "a.mkv"), (frames("6-10"), "b.mkv"), (frames("11-15"), "c.mkv")]
    found = looked(tmp_path, "1-15", patterns=(), files=wanted)
    assert (found.present, found.missing) == (frames("1-10"), frames("11-15"))
    assert frames_in(tmp_path) == {"a.mkv": "3", "b.mkv": "4"}
    assert looked(tmp_path, "1-15", patterns=(), files=wanted) == found


def test_where_nothing_was_ever_fenced_nothing_is_made(tmp_path):
    assert looked(tmp_path, "1-3").missing == frames("1-3")
    assert list(tmp_path.iterdir()) == []


def test_a_sub_directory_on_another_disk_is_no_obstacle(tmp_path, monkeypatch):
    real = os.replace

    def elsewhere(source, target, **where):
        if source == "0001.png":
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return real(source, target, **where)

    monkeypatch.setattr(os, "replace", elsewhere)
    write(tmp_path / OURS / "3", "1-2")
    assert looked(tmp_path, "1-2").present == frames("1-2")
    assert set(frames_in(tmp_path)) == {"0001.png", "0002.png"}


def test_negative_frames_as_other_renderers_write_them_are_moved_up_under_their_names(tmp_path):
    write(tmp_path / OURS / "3", "1")
    (tmp_path / OURS / "3" / "-001.png").write_text("frame")
    found = looked(tmp_path, "-1,1")
    assert (str(found.present), str(found.missing)) == ("-1,1", "")
    assert set(frames_in(tmp_path)) == {"-001.png", "0001.png"}
    assert looked(tmp_path, "-1,1").present == found.present


def test_what_lies_beside_them_and_can_not_be_moved_up_holds_up_no_frame(tmp_path):
    write(tmp_path / OURS / "3", "1-2")
    (tmp_path / OURS / "3" / "cache").write_text("a file here")
    (tmp_path / "cache").mkdir()
    assert looked(tmp_path, "1-2").present == frames("1-2")
    assert set(frames_in(tmp_path)) == {"0001.png", "0002.png"}


def test_one_frame_that_can_not_be_moved_up_holds_up_no_other(tmp_path):
    write(tmp_path / OURS / "3", "1-3")
    (tmp_path / "0002.png" / "whose").mkdir(parents=True)
    with pytest.raises(OSError, match=r"0002\.png"):
        looked(tmp_path, "1-3")
    (tmp_path / "0002.png" / "whose").rmdir()
    (tmp_path / "0002.png").rmdir()
    assert looked(tmp_path, "1-3").present == frames("1-3")
    assert set(frames_in(tmp_path)) == {"0001.png", "0002.png", "0003.png"}


def test_a_file_that_goes_while_it_is_looked_at_hides_no_other(tmp_path, monkeypatch):
    write(tmp_path / OURS / "3", "1-3")
    real = os.stat

    def going(name, **where):
        if name == "0002.png" and where:
            (tmp_path / OURS / "3" / name).unlink(missing_ok=True)
        return real(name, **where)

    with monkeypatch.context() as patched:
        patched.setattr(os, "stat", going)
        assert looked(tmp_path, "1-3").present == frames("1,3")


def test_all_files_of_a_frame_are_moved_up_together_or_none(tmp_path):
    left, right = FilePattern("left/%d.exr"), FilePattern("right/%d.exr")
    for pattern in (left, right):
        write(tmp_path / OURS / "3", "1-3", pattern=pattern)
    (tmp_path / OURS / "3" / "right/2.exr").unlink()
    found = looked(tmp_path, "1-3", patterns=(left, right))
    assert (found.present, found.missing) == (frames("1,3"), frames("2"))
    assert set(frames_in(tmp_path)) == {"left/1.exr", "right/1.exr", "left/3.exr", "right/3.exr"}
    assert found.why == f"wanted right/2.exr in {tmp_path}"
    assert looked(tmp_path, "1-3", fence(200), patterns=(left, right)).present == frames("1,3")


def test_a_damaged_picture_is_not_moved_up(tmp_path):
    write(tmp_path / OURS / "3", "1-2", "no picture")
    found = looked(tmp_path, "1-2", check=damaged)
    assert found.missing == frames("1-2")
    assert "0001.png cannot be read" in found.why
    assert frames_in(tmp_path) == {}
