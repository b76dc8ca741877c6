"""A hostile renderer that sees nothing but its own directory: whatever it puts there, nobody else's files change."""

from __future__ import annotations

import os
import socket
import stat
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from renderjob.frames import FilePattern, FrameSet
from renderjob.outputs import Asked, Fence, Look, fenced, look_fenced
from renderjob.outputs.handles import DEEPEST, Held
from renderjob.outputs.survey import is_reserved

PATTERN = FilePattern("####.png")


class Volume:
    """A shared volume: the output of a hostile renderer, and another shot that it must not touch."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.out = root / "shot-010"
        self.other = root / "shot-020"
        for directory in ("10", "20"):
            (self.other / directory).mkdir(parents=True)
            (self.other / directory / "0001.png").write_text("precious")
        (self.other / "0001.png").write_text("precious")
        self.before = self.of_others()

    def fence(self, id_: int = 1, digest: str = "now") -> Path:
        """The directory of an attempt: all that its container may write."""
        fence = self.out / ".renderjob" / f"job-{digest}" / str(id_)
        fence.mkdir(parents=True, exist_ok=True)
        return fence

    def look(self, frames: str = "1-3", before: int = 100, **options) -> Look:
        fence = Fence(".renderjob", "job", "now", False, before, FrameSet())
        options.setdefault("patterns", (PATTERN,))
        return look_fenced(self.out, Asked(FrameSet.parse(frames), **options), fence)

    def of_others(self) -> dict[str, object]:
        """All there is of the other shot."""
        found: dict[str, object] = {}
        for path in sorted(self.other.rglob("*")):
            about = path.lstat()
            kind = stat.S_IFMT(about.st_mode)
            found[str(path)] = (kind, about.st_ino, path.read_text() if stat.S_ISREG(kind) else "")
        return found

    def unharmed(self) -> None:
        """Nothing of the other shot has changed, and nothing that leads there is among the frames."""
        assert self.of_others() == self.before
        for path in self.published():
            assert path.is_file()
            assert not path.is_symlink() or path.resolve().is_relative_to(self.out)

    def published(self) -> list[Path]:
        """What lies among the frames, directories aside."""
        ours = self.out / ".renderjob"
        found = [Path(parent, name) for parent, _, names in os.walk(self.out) for name in names]
        links = [Path(p, n) for p, names, _ in os.walk(self.out) for n in names if Path(p, n).is_symlink()]
        return sorted(path for path in [*found, *links] if not path.is_relative_to(ours))

    def names(self) -> list[str]:
        return [str(path.relative_to(self.out)) for path in self.published()]

    def left(self) -> str:
        """What is said not to have been moved up."""
        return (self.out / ".renderjob" / "job-now" / "left").read_text()


@pytest.fixture
def volume(tmp_path) -> Volume:
    return Volume(tmp_path)


# -- below .renderjob -----------------------------------------------------------------------------------------


def test_a_link_planted_below_renderjob_is_not_taken_for_attempts(volume):
    first = volume.fence(1)
    (first / "0001.png").write_text("x")
    (first / ".renderjob").mkdir()
    (first / ".renderjob" / "job-evil").symlink_to("../../shot-020")
    assert str(volume.look("1", 5).present) == "1"
    second = volume.fence(6)
    (second / "0002.png").write_text("x")
    assert str(volume.look("2", 50).present) == "2"
    volume.unharmed()
    assert volume.names() == ["0001.png", "0002.png"]
    assert sorted(p.name for p in (volume.out / ".renderjob").iterdir()) == ["job-now"]


@pytest.mark.parametrize(
    "name",
    [
        ".renderjob",
        ".RenderJob",
        ".renderjob ",
        ".renderjob.",
        ".renderjob..",
        ".render\u200bjob",
        "\u2024renderjob",
        ".\uff52enderjob",
        ".renderjob::$INDEX_ALLOCATION",
        "RENDER~1",
        ".renderjob-merge-0123456789ab-x.mp4",
    ],
)
@pytest.mark.parametrize("above", ["", "a/", "a/b/c/"])
def test_nothing_is_published_under_a_name_of_ours(volume, name, above):
    fence = volume.fence()
    (fence / "0001.png").write_text("x")
    planted = fence / above / name / "job-now" / "7"
    planted.mkdir(parents=True)
    (planted / "0002.png").write_text("forged")
    (fence / above / "a file").write_text("x")
    assert str(volume.look().present) == "1"
    assert volume.names() == ["0001.png", f"{above}a file"]
    assert "kept for renderjob's own files" in volume.left()


def test_names_that_only_look_alike_are_published():
    assert not any(map(is_reserved, ["renderjob", ".render", "my.renderjob", "render~", "renderjob.log"]))


@pytest.mark.parametrize("what", ["attempt", "group", "root"])
def test_none_of_our_own_directories_is_followed_when_it_is_a_link(volume, what):
    place = {"attempt": ".renderjob/job-now/1", "group": ".renderjob/job-now", "root": ".renderjob"}[what]
    trap = volume.other / "trap"
    below = {"attempt": ".", "group": "1", "root": "job-now/1"}[what]
    (trap / below).mkdir(parents=True)
    (trap / below / "0001.png").write_text("precious")
    volume.before = volume.of_others()
    (volume.out / place).parent.mkdir(parents=True)
    (volume.out / place).symlink_to(trap)
    assert str(volume.look().present) == ""
    volume.unharmed()


# -- links ----------------------------------------------------------------------------------------------------

LEAVING = {
    "absolute": lambda volume, fence: volume.other / "0001.png",
    "relative": lambda volume, fence: os.path.relpath(volume.other / "0001.png", fence),
    "to a directory": lambda volume, fence: volume.other,
    "to the frames": lambda volume, fence: "../../../0009.png",
    "to another attempt": lambda volume, fence: "../2/0001.png",
    "absolute to itself": lambda volume, fence: fence / "real.txt",
    "round about": lambda volume, fence: "../1/real.txt",
    "nowhere": lambda volume, fence: "nowhere",
    "to itself": lambda volume, fence: "0002.png",
    "to a directory of its own": lambda volume, fence: "sub",
    "to itself, above": lambda volume, fence: ".",
    "to a system file": lambda volume, fence: "/etc/passwd",
    "to a link that leaves": lambda volume, fence: "chain",
}


@pytest.mark.parametrize("leads_to", LEAVING.values(), ids=LEAVING)
def test_a_link_that_leads_to_no_file_of_the_attempt_is_neither_a_frame_nor_comes_along(volume, leads_to):
    fence = volume.fence()
    volume.out.joinpath("0009.png").write_text("verified")
    (fence / "sub").mkdir()
    (fence / "real.txt").write_text("x")
    (fence / "chain").symlink_to(volume.other / "0001.png")
    (fence / "0001.png").write_text("x")
    for name in ("0002.png", "beside"):
        (fence / name).symlink_to(leads_to(volume, fence))
    found = volume.look()
    assert (str(found.present), str(found.missing)) == ("1", "2-3")
    assert volume.names() == ["0001.png", "0009.png", "real.txt"]
    assert "a link to" in volume.left()
    volume.unharmed()


def test_a_link_to_a_file_of_the_attempt_is_a_frame_like_any(volume):
    """On twos: every second frame shows the one before."""
    fence = volume.fence()
    (fence / "sub").mkdir()
    (fence / "0001.png").write_text("x")
    (fence / "0002.png").symlink_to("0001.png")
    (fence / "sub" / "latest").symlink_to("../0001.png")
    assert str(volume.look().present) == "1-2"
    assert volume.names() == ["0001.png", "0002.png", "sub/latest"]
    assert (volume.out / "0002.png").read_text() == "x"
    volume.unharmed()


def test_a_link_to_a_frame_that_is_not_moved_up_is_none(volume):
    fence = volume.fence()
    (fence / "0001.png").write_text("")
    (fence / "0002.png").symlink_to("0003.png")
    (fence / "0003.png").write_text("xxxx")
    found = volume.look("1-2", min_bytes=2)
    assert str(found.present) == ""
    volume.unharmed()


def test_a_file_below_what_was_a_link_is_written_nowhere_else(volume):
    first = volume.fence(60)
    (first / "sub").symlink_to("../shot-020")
    (first / "0001.png").write_text("x")
    volume.look("1", 70)
    second = volume.fence(80)
    (second / "sub").mkdir()
    (second / "sub" / "0001.png").write_text("overwritten from inside a fence")
    (second / "0002.png").write_text("x")
    volume.look("2", 90)
    volume.unharmed()
    assert volume.names() == ["0001.png", "0002.png", "sub/0001.png"]


def test_a_link_among_the_frames_is_not_followed_out_of_a_fence(volume):
    """Whoever put it there: a renderer that is not fenced, or somebody by hand."""
    volume.out.mkdir()
    (volume.out / "sub").symlink_to(volume.other)
    fence = volume.fence()
    (fence / "sub").mkdir()
    (fence / "sub" / "0001.png").write_text("x")
    (fence / "0002.png").write_text("x")
    assert str(volume.look().present) == "2"
    assert volume.of_others() == volume.before
    pattern = FilePattern("sub/####.png")
    (volume.fence() / "sub").mkdir()
    (volume.fence() / "sub" / "0003.png").write_text("x")
    with pytest.raises(OSError, match="sub"):
        volume.look(patterns=(pattern,))
    assert volume.of_others() == volume.before


# -- what is no plain file ------------------------------------------------------------------------------------


def a_pipe(path: Path, volume: Volume) -> None:
    os.mkfifo(path)


def a_socket(path: Path, volume: Volume) -> None:
    here = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(path.name)
    finally:
        os.chdir(here)


def a_device(path: Path, volume: Volume) -> None:
    try:
        os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("only root makes devices")


def a_hard_link(path: Path, volume: Volume) -> None:
    os.link(volume.other / "0001.png", path)


def a_directory(path: Path, volume: Volume) -> None:
    path.mkdir()


@pytest.mark.parametrize("plant", [a_pipe, a_socket, a_device, a_hard_link, a_directory])
def test_what_is_no_plain_file_of_its_own_is_no_frame(volume, plant):
    fence = volume.fence()
    (fence / "0001.png").write_text("x")
    plant(fence / "0002.png", volume)
    plant(fence / "beside", volume)
    found = volume.look()
    assert (str(found.present), str(found.missing)) == ("1", "2-3")
    assert volume.names() == ["0001.png"]
    volume.unharmed()


def test_files_with_two_names_in_the_attempt_are_two_frames(volume):
    fence = volume.fence()
    (fence / "0001.png").write_text("x")
    os.link(fence / "0001.png", fence / "0002.png")
    assert str(volume.look().present) == "1-2"


def test_nobody_gets_a_right_out_of_a_fence(volume):
    fence = volume.fence()
    for name in ("0001.png", "beside"):
        (fence / name).write_text("x")
        (fence / name).chmod(0o6755)
    if os.getuid() == 0:
        os.chown(fence / "0001.png", 1234, 1235)
        (fence / "0001.png").chmod(0o6755)
    volume.look()
    for name in ("0001.png", "beside"):
        assert stat.S_IMODE((volume.out / name).stat().st_mode) == 0o755
    if os.getuid() == 0:
        about = (volume.out / "0001.png").stat()
        assert (about.st_uid, about.st_gid) == (1234, 1235), "whose it is stays so"


# -- exchanged while it is looked at --------------------------------------------------------------------------


def as_link(path: Path, volume: Volume) -> None:
    path.symlink_to(volume.other / "0001.png")


def as_directory_link(path: Path, volume: Volume) -> None:
    path.symlink_to(volume.other)


@pytest.mark.parametrize("plant", [as_link, as_directory_link, a_pipe, a_hard_link])
@pytest.mark.parametrize("which", ["sub/0001.png", "sub/beside"])
def test_a_file_that_is_exchanged_between_the_look_and_the_move_is_not_moved(
    volume, monkeypatch, plant, which
):
    fence = volume.fence()
    (fence / "sub").mkdir()
    for name in ("0001.png", "0002.png", "beside"):
        (fence / "sub" / name).write_text("x")
    real = fenced.publish

    def exchanged(*args, **options):
        (fence / which).unlink()
        plant(fence / which, volume)
        return real(*args, **options)

    monkeypatch.setattr(fenced, "publish", exchanged)
    found = volume.look(patterns=(FilePattern("sub/####.png"),))
    kept = {"sub/0001.png", "sub/0002.png", "sub/beside"} - {which}
    assert set(volume.names()) == kept
    assert str(found.present) == ("1-2" if which == "sub/beside" else "2")
    volume.unharmed()


def test_a_directory_that_is_exchanged_for_a_link_is_not_followed(volume, monkeypatch):
    fence = volume.fence()
    (fence / "sub").mkdir()
    (fence / "sub" / "0001.png").write_text("x")
    (fence / "0002.png").write_text("x")
    real = fenced.publish

    def exchanged(*args, **options):
        (fence / "sub").rename(fence / "away")
        (fence / "sub").symlink_to(volume.other)
        return real(*args, **options)

    monkeypatch.setattr(fenced, "publish", exchanged)
    assert str(volume.look().present) == "2"
    assert volume.names() == ["0002.png"]
    volume.unharmed()


@pytest.mark.parametrize("what", ["sub", "."])
def test_a_directory_that_is_exchanged_while_it_is_removed_takes_nothing_else_along(
    volume, monkeypatch, what
):
    fence = volume.fence()
    (fence / "sub" / "deep").mkdir(parents=True)
    (fence / "sub" / "deep" / "x").write_text("")
    real = os.rmdir

    def exchanged(name, **where):
        victim = fence.with_name("1.gone") / what
        if name == "deep" and not victim.is_symlink() and victim.is_dir():
            victim.rename(volume.root / "away")
            victim.symlink_to(volume.other)
        return real(name, **where)

    monkeypatch.setattr(os, "rmdir", exchanged)
    volume.look()
    assert volume.of_others() == volume.before


def test_one_that_exchanges_all_the_time_gets_nothing_out(volume):
    stop = threading.Event()

    def swap() -> None:
        here = volume.out / ".renderjob" / "job-now"
        while not stop.is_set():
            for id_ in ("1", "1.gone"):
                for name in ("sub", "0001.png"):
                    path, aside = here / id_ / name, here / id_ / f"{name}.real"
                    with suppress(OSError):
                        path.rename(aside)
                        path.symlink_to(volume.other)
                    with suppress(OSError):
                        path.unlink()
                        aside.rename(path)

    swapping = threading.Thread(target=swap)
    swapping.start()
    try:
        for _ in range(15):
            fence = volume.fence()
            with suppress(FileExistsError):
                (fence / "sub").mkdir()
            for name in ("0001.png", "sub/x", "sub/0001.png"):
                with suppress(OSError):
                    fd = os.open(fence / name, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW)
                    os.close(fd)
            with suppress(OSError):
                volume.look(min_bytes=0)
    finally:
        stop.set()
        swapping.join()
    # The thread stands for a renderer: what it did through its own links is no work of ours.
    inside = {p: about for p, about in volume.of_others().items() if "sub/" not in p}
    assert {p: inside.get(p) for p in volume.before} == volume.before


# -- too much -------------------------------------------------------------------------------------------------


def test_of_a_flood_of_files_so_many_are_looked_at_and_that_is_said(volume, monkeypatch):
    monkeypatch.setattr(fenced, "MOST_FILES", 20)
    fence = volume.fence()
    for number in range(200):
        (fence / f"junk-{number}").write_text("")
    volume.look("1")
    assert 0 < len(volume.names()) <= 24
    assert "more files than are looked at" in volume.left()
    assert not list((volume.out / ".renderjob" / "job-now").glob("1*"))


def test_what_is_too_much_to_remove_at_once_is_removed_by_the_next_looks(volume, monkeypatch):
    monkeypatch.setattr(fenced, "MOST_REMOVED", 50)
    fence = volume.fence()
    for number in range(120):
        (fence / f"{number:03}").mkdir()
    (fence / "0001.png").write_text("x")
    assert str(volume.look().present) == "1"
    group = volume.out / ".renderjob" / "job-now"
    counts = [len(list(group.rglob("???")))]
    while (group / "1.gone").exists():
        assert volume.look().missing == FrameSet.parse("2-3"), "nothing of it counts any more"
        counts.append(len(list(group.rglob("???"))))
        assert counts[-1] < counts[-2]
    assert len(counts) > 2


def deep(fence: Path, levels: int) -> None:
    """Directories below each other, deeper than Python may recurse and than a process may have files open."""
    here = os.open(fence, os.O_RDONLY)
    for level in range(levels):
        os.mkdir("d", dir_fd=here)
        os.close(os.open("f", os.O_CREAT | os.O_WRONLY, dir_fd=here)) if level % 100 == 0 else None
        there = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = there
    os.close(here)


def test_directories_of_any_depth_are_removed_with_few_of_them_open(volume, monkeypatch):
    fence = volume.fence()
    deep(fence, 1100)
    (fence / "0001.png").write_text("x")
    opened, closed, most = [0], [0], [0]
    real_open, real_close = os.open, os.close

    def open_(*args, **options):
        opened[0] += 1
        most[0] = max(most[0], opened[0] - closed[0])
        return real_open(*args, **options)

    def close(fd):
        closed[0] += 1
        real_close(fd)

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", open_)
        patched.setattr(os, "close", close)
        assert str(volume.look().present) == "1"
    assert most[0] < 3 * DEEPEST
    assert not list((volume.out / ".renderjob" / "job-now").glob("1*"))
    assert f"a directory more than {DEEPEST} deep" in volume.left()


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_directories_that_their_owner_closed_are_removed(volume):
    fence = volume.fence()
    (fence / "closed" / "inner").mkdir(parents=True)
    (fence / "closed" / "x").write_text("")
    (fence / "closed").chmod(0)
    volume.look()
    assert not list((volume.out / ".renderjob" / "job-now").glob("1*"))


def test_a_record_of_ours_that_somebody_forged_costs_nothing(volume):
    group = volume.fence().parent
    for forged in ("1 -2147483648-2147483647\n", "x" * 1000, "1 1-3 4\n", "-1 1-3\n"):
        (group / "published").write_text(forged)
        volume.look()
    (group / "published").unlink()
    os.mkfifo(group / "published")
    volume.look()
    (group / "published").unlink()
    (group / "published").symlink_to(volume.other / "0001.png")
    (volume.fence() / "0001.png").write_text("x")
    assert str(volume.look().present) == "1"
    volume.unharmed()


def test_names_that_nobody_can_print_are_said_in_plain_letters(volume):
    fence = volume.fence()
    os.mkfifo(os.fsencode(fence) + b"/\x1b]0;owned\x07\n\xff")
    volume.look()
    assert volume.left().count("\n") == 1
    assert volume.left().rstrip("\n").isprintable()


# -- other jobs -----------------------------------------------------------------------------------------------


def test_what_comes_along_goes_into_no_directory_of_another_job(volume):
    """The other's output lies below this one's."""
    (volume.out / "b" / ".renderjob" / "x-y").mkdir(parents=True)
    (volume.out / "b" / "0001.png").write_text("verified")
    fence = volume.fence()
    (fence / "b" / "c").mkdir(parents=True)
    for name in ("b/0001.png", "b/new", "b/c/new", "0001.png"):
        (fence / name).write_text("forged")
    assert str(volume.look().present) == "1"
    assert volume.names() == ["0001.png", "b/0001.png"]
    assert (volume.out / "b" / "0001.png").read_text() == "verified"


def test_frames_that_nobody_asked_for_replace_nothing(volume):
    volume.out.mkdir()
    (volume.out / "0007.png").write_text("of another job")
    fence = volume.fence()
    for name in ("0001.png", "0007.png", "-002.png", "0003.png"):
        (fence / name).write_text("x")
    wanted = FrameSet.parse("1-3")
    found = look_fenced(
        volume.out,
        Asked(FrameSet.parse("1-2"), patterns=(PATTERN,)),
        Fence(".renderjob", "job", "now", False, 100, FrameSet(), all=wanted),
    )
    assert str(found.present) == "1"
    assert volume.names() == ["-002.png", "0001.png", "0007.png"]
    assert (volume.out / "0007.png").read_text() == "of another job"


# -- anything -------------------------------------------------------------------------------------------------

_NAME = st.sampled_from(["0001.png", "0002.png", "sub", "beside", ".renderjob", "job-now", "1", "x"])
_PLANTS: dict[str, Callable[[Path, Volume], None]] = {
    "file": lambda path, volume: path.write_text("x") and None,
    "empty": lambda path, volume: path.write_text("") and None,
    "directory": a_directory,
    "pipe": a_pipe,
    "hard": a_hard_link,
    "out": as_link,
    "out-directory": as_directory_link,
    "up": lambda path, volume: path.symlink_to(".."),
    "frame": lambda path, volume: path.symlink_to("0001.png"),
}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rounds=st.lists(
        st.lists(
            st.tuples(st.lists(_NAME, min_size=1, max_size=3), st.sampled_from(sorted(_PLANTS))), max_size=8
        ),
        min_size=1,
        max_size=3,
    )
)
def test_whatever_is_planted_the_other_shot_stays_as_it_is(tmp_path_factory, rounds):
    volume = Volume(tmp_path_factory.mktemp("volume"))
    for number, planted in enumerate(rounds, 1):
        fence = volume.fence(number)
        for parts, kind in planted:
            path = fence.joinpath(*parts)
            # A renderer's own writes through its own links would be no work of ours: it has none outside.
            if any(parent.is_symlink() for parent in [path, *path.parents]):
                continue
            if path.is_file() and path.stat().st_nlink > 1:
                continue
            # Nobody reads from the pipe that it has planted: a write to that waits for ever.
            if path.is_fifo():
                continue
            with suppress(OSError):
                path.parent.mkdir(parents=True, exist_ok=True)
                _PLANTS[kind](path, volume)
        with suppress(OSError):
            found = volume.look("1-2", number + 1)
            for frame in found.present:
                assert (volume.out / PATTERN.name(frame)).is_file()
        volume.unharmed()
        ours = volume.out / ".renderjob"
        assert not ours.is_symlink()
        assert {p.name for p in ours.iterdir()} <= {"job-now"} if ours.exists() else True


def test_a_directory_is_held_though_another_takes_its_place(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "precious").write_text("x")
    with Held.open(tmp_path / "a") as held:
        (tmp_path / "a").rename(tmp_path / "c")
        (tmp_path / "a").symlink_to("b")
        held.write("new", b"x")
        held.remove("precious")
    assert [p.name for p in (tmp_path / "c").iterdir()] == ["new"]
    assert (tmp_path / "b" / "precious").exists()
