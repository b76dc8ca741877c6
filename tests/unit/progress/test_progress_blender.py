"""What is read from Blender's log."""

import pytest

from renderjob.frames import FilePattern
from renderjob.progress import ChunkContext, make_reader
from renderjob.progress.blender import BlenderParser


def read(context, text):
    reader = make_reader(context, "Blender")
    reader.feed(text.encode())
    reader.close()
    return reader


def test_a_real_chunk_finishes_its_frames_one_after_the_other(log):
    reader = make_reader(ChunkContext(1, 5, 2, 3), "Blender")
    seen = []
    for line in log("blender-4.5-images").splitlines(keepends=True):
        reader.feed(line)
        if not seen or seen[-1][1] != reader.frames_done:
            seen.append((round(reader.fraction, 3), set(reader.frames_done)))
    assert seen == [(0.0, set()), (0.333, {1}), (0.667, {1, 3}), (1.0, {1, 3, 5})]
    assert reader.current_frame == 5
    assert reader.status == "Finished"
    assert not reader.movie


def test_samples_move_the_fraction_within_a_frame(log):
    head = log("blender-4.5-images").split(b"Sample 8/8")[0]
    reader = make_reader(ChunkContext(1, 5, 2, 3), "Blender")
    reader.feed(head[: head.rindex(b"\n") + 1])
    assert reader.fraction == pytest.approx(1 / 8 / 3)
    assert reader.frames_done == set()
    assert reader.status == "Sample 1/8"


def test_a_chunk_is_not_all_done_before_its_last_file_is_saved(log):
    head, _ = log("blender-4.5-images").rsplit(b"Saved: ", 1)
    reader = make_reader(ChunkContext(1, 5, 2, 3), "Blender")
    reader.feed(head)
    assert reader.frames_done == {1, 3}
    assert reader.fraction == pytest.approx(2.99 / 3)


def test_tiles_never_count_the_tile_before_twice(log):
    parser = BlenderParser(ChunkContext(1, 1, 1, 1))
    told = [parser.feed(line) for line in log("blender-4.5-tiles").decode().splitlines() if "Tiles" in line]
    fractions = [update.fraction for update in told]
    first = [0, 1 / 8 / 15, 0, 1 / 15, (1 + 1 / 8) / 15, 1 / 15, 2 / 15]
    assert fractions[: len(first)] == pytest.approx(first)
    assert fractions[-1] == pytest.approx(14 / 15)  # Blender does not tell of the last one
    assert make_reader(ChunkContext(1, 1)).feed(log("blender-4.5-tiles"))


def test_frames_of_a_movie_are_finished_but_marked_as_lying_in_one_file(log):
    reader = make_reader(ChunkContext(7, 9, 1, 3), "Blender")
    reader.feed(log("blender-4.5-movie"))
    assert reader.frames_done == {7, 8, 9}
    assert reader.movie


SAVED = "Time: 00:02.38 (Saving: 00:00.24)\n"

BLENDER_5 = """\
00:00.412  render           | Rendering animation (frames 17..18)
00:03.413  render           | Fra: 17 | Mem: 1450M | Sample 0/128
00:25.253  render           | Fra: 17 | Remaining: 02:32.88 | Mem: 1699M | Sample 16/128
02:19.277  render           | Fra: 17 | Mem: 1699M | Sample 128/128
02:19.277  render           | Fra: 17 | Mem: 1699M | Finished
02:19.739  render           | Saved: '/tmp/0017.png'
02:19.739  render           | Time: 02:19.28 (Saving: 00:00.31)
02:20.413  render           | Fra: 18 | Rendering 32 / 64 samples
"""


def test_blender_5_prints_a_time_and_a_category_before_everything():
    reader = read(ChunkContext(17, 18, 1, 2), BLENDER_5)
    assert reader.frames_done == {17}
    assert reader.current_frame == 18
    assert reader.fraction == pytest.approx(0.75)
    assert reader.status == "Rendering 32 / 64 samples"


def test_blender_2_8_prints_tiles_and_a_time_with_a_space_before_it():
    reader = read(
        ChunkContext(1, 2, 1, 2),
        "Fra:1 Mem:57.95M (0.00M, Peak 58.09M) | Time:00:02.00 | Remaining:00:08.06 | Mem:23.22M,"
        " Peak:23.22M | Scene, View Layer | Rendered 32/64 Tiles, Denoised 0 tiles\n"
        "Saved: '/renders/0001.png'\n Time: 00:11.49 (Saving: 00:00.06)\n\n",
    )
    assert reader.frames_done == {1}
    assert reader.fraction == 0.5


@pytest.mark.parametrize(
    ("name", "frame"),
    [
        ("/renders/0012.png", 12),
        ("/renders/shot-010_0012.exr", 12),
        ("/renders/0012_L.png", 12),
        ("/renders/0012_v2.png", 12),
        ("C:\\renders\\0012.png", 12),
        ("/renders/0013.png", 13),  # the chunk's own, whatever is being rendered
        ("/renders/shot_0900.png", 12),  # not of the chunk: the frame being rendered
        ("/take 7/it's 0012.png", 12),
    ],
)
def test_a_saved_file_is_of_the_frame_that_its_name_says(name, frame):
    reader = read(ChunkContext(2, 22, 1, 21), f"Fra:12 Mem:1M | Sample 1/2\nSaved: '{name}'\n{SAVED}")
    assert reader.frames_done == {frame}


def test_a_file_without_a_number_is_of_the_frame_that_is_rendered():
    saved = "Fra:12 Mem:1M | Sample 2/2\nSaved: '/renders/still.png'\n"
    context = ChunkContext(12, 13, 1, 2)
    assert read(context, saved).frames_done == set()
    assert read(context, saved + SAVED).frames_done == {12}


def saved(*names):
    return "".join(f"00:01.012  render           | Saved: '/renders/{name}'\n" for name in names)


@pytest.mark.parametrize(
    ("names", "done"),
    [
        (["0001.png"], set()),  # other files of it may follow
        (["0001.png", "0002.png"], {1, 2}),
        (["0001.png", "0002.png", "0003.png"], {1, 2, 3}),
        (["depth/d_0001.png", "0001.png"], set()),
        (["depth/d_0001.png", "0001.png", "depth/d_0002.png"], {1}),
        (["depth/d_0001.png", "0001.png", "depth/d_0002.png", "0002.png", "depth/d_0003.png"], {1, 2}),
        (["0001_L.png", "0001_R.png", "0002_L.png"], {1}),
        (["0001_L.png", "0001_R.png", "0002_L.png", "0002_R.png"], {1, 2}),
        (["camA_0001.png", "camA_0002.png"], {1, 2}),
    ],
)
def test_several_files_of_a_frame_are_one_frame_when_the_last_of_them_is_there(names, done):
    """A renderer of version 5 says nothing between two frames."""
    assert read(ChunkContext(1, 3, 1, 3), saved(*names)).frames_done == done


def test_where_it_is_known_which_file_is_the_frames_the_others_finish_none():
    beauty = FilePattern("beauty/####.png")
    known = ChunkContext(1, 3, 1, 3, "/renders", lambda path: beauty.match(path.removeprefix("/renders/")))
    reader = read(known, saved("depth/0001.png", "0001.png"))
    assert (reader.frames_done, reader.fraction) == (set(), pytest.approx(1 / 3))
    assert read(known, saved("beauty/0001.png")).frames_done == {1}
    assert read(known, saved("beauty/0001.png", "depth/0002.png", "depth/0003.png")).frames_done == {1}
    assert read(known, saved("beauty/0007.png")).frames_done == set()


def test_negative_frames_are_read_with_their_sign():
    log = "Fra:-5 Mem:1M | Sample 1/2\nSaved: '/renders/-0005.png'\nSaved: '/renders/shot_-0004.png'\n"
    assert read(ChunkContext(-5, -1, 1, 5), log).frames_done == {-5, -4}


def test_a_file_saved_outside_the_output_finishes_nothing():
    context = ChunkContext(1, 3, 1, 3, output="/renders/shot")
    assert read(context, f"Saved: '/tmp/cache/0001.png'\n{SAVED}").frames_done == set()
    assert read(context, f"Saved: '/renders/shot-old/0001.png'\n{SAVED}").frames_done == set()
    assert read(context, f"Saved: '/renders/shot/0001.png'\n{SAVED}").frames_done == {1}


REFUSED = """\
Fra:1 Mem:21.20M (Peak 23.84M) | Time:00:03.18 | Mem:7.12M, Peak:7.12M | Scene, ViewLayer | Finished
/renders/blocked frame/0001.png: Not a directory
Time: 00:03.31

Error: Render error (No space left on device) cannot save: '/renders/blocked frame/0001.png'
"""


def test_a_frame_that_cannot_be_saved_is_told_and_not_finished_and_may_be_tried_again():
    reader = read(ChunkContext(1, 2, 1, 2), REFUSED)
    assert reader.frames_done == set()
    assert reader.fail is None
    assert reader.unsaved == (
        "Render error (No space left on device) cannot save: '/renders/blocked frame/0001.png'"
    )


def test_a_frame_of_which_one_file_is_saved_and_another_is_not_is_not_finished():
    """The time that saving took is told before the error."""
    reader = read(
        ChunkContext(1, 2, 1, 2),
        f"Fra:1 Mem:1M | Sample 2/2\nSaved: '/renders/0001_L.png'\n{SAVED}"
        "Error: Render error (No space left on device) cannot save: '/renders/0001_R.png'\n",
    )
    assert reader.frames_done == set()
    assert reader.unsaved


def test_a_skipped_frame_is_behind_but_not_finished():
    reader = read(ChunkContext(1, 4, 1, 4), 'skipping existing frame "/renders/0001.png"\n')
    assert reader.frames_done == set()
    assert reader.fraction == 0.25


def test_a_frame_outside_the_chunk_moves_nothing():
    reader = read(ChunkContext(10, 12, 1, 3), "Fra:99 Mem:1M | Sample 2/2\nAppend frame 99\n")
    assert (reader.fraction, reader.current_frame, reader.frames_done) == (0, None, set())


def test_a_count_of_thousands_of_digits_is_no_error():
    nines = "9" * 5000
    log = f"Fra:1 | Sample {nines}/{nines}\nFra:{nines} | x\nSaved: '/r/{nines}.png'\nAppend frame {nines}\n"
    assert read(ChunkContext(1, 2, 1, 2), log).fraction <= 1
