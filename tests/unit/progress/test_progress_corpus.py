"""What is read from the logs of many versions, as they are and as those who pass logs on hand them over."""

from pathlib import Path

import pytest

from renderjob.frames import FilePattern
from renderjob.progress import ChunkContext, make_reader

LOGS = Path(__file__).parent / "logs"
BLENDERS = ["2.83", "3.4", "4.3", "5.0", "5.3"]
FFMPEGS = ["4.2", "4.3", "5.1", "7.0", "7.1"]
SILENT = ("5.0", "5.3")  # as a module, they say nothing of what they render, and no time
SCENES = {
    "images": {1, 2, 3},
    "exr": {1, 2, 3},
    "stereo": {1, 2, 3},
    "layers": {1, 2, 3},
    "node": {1, 2, 3},
    "existing": {1, 3},
    "killed": {1, 2},
    "killed-between": {1, 2},
    "unsaved": {1},
    "full": {1, 2},
}
PREFIXES = [
    "",
    "2026-01-01 12:00:00,123 INFO  ",
    "2026-01-01T12:00:00.123456789Z ",
    "[pod/shot-010-1/render] ",
    "render_1  | ",
    "worker-3: ",
]


def there(name):
    return (LOGS / f"{name}.txt").is_file()


BLENDER_LOGS = [
    (f"blender-{version}-{scene}", done)
    for version in BLENDERS
    for scene, done in SCENES.items()
    if there(f"blender-{version}-{scene}")
]


def read(context, text, cut=1 << 20):
    reader = make_reader(context)
    for at in range(0, len(text), cut):
        reader.feed(text[at : at + cut])
    return reader


def passed_on(text, prefix):
    """A log of which each line got something before it."""
    return b"".join(prefix.encode() + line for line in text.splitlines(keepends=True) if line != b"\n")


def chunk(first=1, last=3):
    return ChunkContext(first, last, 1, last - first + 1, "/renders")


def test_the_corpus_is_there():
    assert len(BLENDER_LOGS) >= 40
    assert all(there(f"ffmpeg-{version}-images") for version in FFMPEGS)


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize(("name", "done"), BLENDER_LOGS)
def test_each_blender_finishes_the_frames_that_it_has_saved_whole(log, name, done, prefix):
    reader = read(chunk(), passed_on(log(name), prefix))
    assert reader.frames_done == done
    assert not reader.movie
    assert reader.fail is None
    assert (reader.unsaved is not None) == name.endswith(("unsaved", "full"))


@pytest.mark.parametrize(("name", "done"), BLENDER_LOGS)
def test_so_it_does_where_the_frames_file_is_known_and_lines_end_as_on_windows(log, name, done):
    ending = "exr" if name.endswith(("exr", "full")) else "png"
    pattern = FilePattern(f"####_L.{ending}" if name.endswith("stereo") else f"####.{ending}")
    context = ChunkContext(1, 3, 1, 3, "/renders", lambda path: pattern.match(path.removeprefix("/renders/")))
    reader = read(context, log(name).replace(b"\n", b"\r\n"), cut=7)
    assert reader.frames_done == done


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("version", BLENDERS)
def test_each_blender_tells_of_the_frames_of_a_movie(log, version, prefix):
    reader = read(chunk(), passed_on(log(f"blender-{version}-movie"), prefix))
    assert reader.frames_done == {1, 2, 3}
    assert (reader.movie, reader.fraction) == (True, 1)


@pytest.mark.parametrize("version", BLENDERS)
def test_a_still_is_the_chunks_one_frame_whatever_its_name(log, version):
    reader = read(chunk(2, 2), log(f"blender-{version}-still"))
    assert reader.frames_done == (set() if version in SILENT else {2}), (
        "whether more files follow nobody said"
    )
    assert reader.fraction == 1


@pytest.mark.parametrize("version", [each for each in BLENDERS if each not in SILENT])
def test_tiles_move_the_fraction(log, version):
    lines = log(f"blender-{version}-tiles").split(b"Saved:")[0].splitlines(keepends=True)
    reader = make_reader(chunk(1, 1))
    seen = []
    for line in lines:
        reader.feed(line)
        seen.append(reader.fraction)
    assert seen == sorted(seen)
    assert len(set(seen)) >= 4
    assert 0.5 < seen[-1] < 1


@pytest.mark.parametrize("version", BLENDERS)
def test_why_a_frame_was_not_saved_is_told(log, version):
    reader = read(chunk(), log(f"blender-{version}-unsaved"))
    assert reader.unsaved.endswith("cannot save: '/renders/0002.png'") or "0002.png" in reader.unsaved


@pytest.mark.parametrize("version", [each for each in BLENDERS if there(f"blender-{each}-full")])
def test_a_file_that_was_cut_short_by_a_full_disk_is_of_a_frame_that_is_not_finished(log, version):
    """Blender says that it saved it, and exits with 0."""
    reader = read(chunk(), log(f"blender-{version}-full"))
    assert b"Saved: '/renders/0003.exr'" in log(f"blender-{version}-full")
    assert reader.frames_unsaved == {3}
    assert reader.unsaved.endswith("No space left on device.")


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("version", FFMPEGS)
@pytest.mark.parametrize(
    ("scene", "last"),
    [
        ("images", 1024),
        ("level", 1024),
        ("verbose", 1024),
        ("two", 1024),
        ("progress", 1048),
        ("period", 1048),
    ],
)
def test_each_ffmpeg_finishes_its_pictures(log, version, scene, last, prefix):
    if not there(f"ffmpeg-{version}-{scene}"):
        pytest.skip("this version does not know the option")
    reader = read(chunk(1001, last), passed_on(log(f"ffmpeg-{version}-{scene}"), prefix))
    assert reader.frames_done == set(range(1001, last + 1))
    assert reader.fraction == 1


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("version", FFMPEGS)
def test_each_ffmpeg_tells_how_far_a_movie_is(log, version, prefix):
    reader = read(chunk(1, 24), passed_on(log(f"ffmpeg-{version}-movie"), prefix))
    assert (reader.fraction, reader.frames_done) == (1, set())


@pytest.mark.parametrize("version", FFMPEGS)
def test_of_an_ffmpeg_that_was_killed_the_last_picture_is_not_trusted(log, version):
    text = log(f"ffmpeg-{version}-killed")
    reader = read(chunk(1001, 2440), text)
    told = int(text.rsplit(b"frame=", 1)[1].split(b"fps")[0])
    assert reader.frames_done == set(range(1001, 1000 + told))


@pytest.mark.parametrize("version", FFMPEGS)
def test_of_an_ffmpeg_that_could_not_write_nothing_is_finished(log, version):
    reader = read(chunk(1001, 1024), log(f"ffmpeg-{version}-unsaved"))
    assert reader.frames_done == set()
    assert "/renders/missing/1001.png" in reader.unsaved
