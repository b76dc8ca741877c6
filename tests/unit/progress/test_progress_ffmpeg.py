"""What is read from ffmpeg's log."""

import pytest

from renderjob.progress import ChunkContext, make_reader

SEQUENCE = "Output #0, image2, to '/renders/%04d.png':\n"


def read(context, text):
    reader = make_reader(context, "FFmpeg")
    reader.feed(text.encode())
    return reader


def test_a_real_image_sequence_is_finished_to_its_last_frame(log):
    reader = make_reader(ChunkContext(1001, 1096, 1, 96), "FFmpeg")
    reader.feed(log("ffmpeg-images"))
    assert reader.frames_done == set(range(1001, 1097))
    assert reader.fraction == 1
    assert reader.status == "96 of 96 frames"


def test_while_it_runs_the_newest_frame_may_still_be_in_a_buffer(log):
    running = log("ffmpeg-images").split(b"\r")[0] + b"\r"
    reader = make_reader(ChunkContext(1001, 1096, 1, 96), "FFmpeg")
    reader.feed(running)
    assert reader.frames_done == set(range(1001, 1084))
    assert reader.current_frame == 1085
    assert reader.fraction == pytest.approx(84 / 96)


def test_a_movie_file_moves_the_fraction_but_finishes_no_frame(log):
    reader = make_reader(ChunkContext(1, 144, 1, 144), "FFmpeg")
    assert reader.feed(log("ffmpeg-movie"))
    assert reader.fraction == 1
    assert reader.frames_done == set()


def test_progress_blocks_finish_all_frames_only_at_their_end(log):
    text = log("ffmpeg-progress")
    reader = make_reader(ChunkContext(2, 288, 2, 144), "FFmpeg")
    reader.feed(text.replace(b"progress=end", b"progress=continue"))
    assert reader.frames_done == set(range(2, 288, 2))
    reader.feed(text[text.rindex(b"frame=") :])
    assert reader.frames_done == set(range(2, 289, 2))
    assert reader.fraction == 1


def test_the_summary_of_an_older_ffmpeg_comes_after_its_last_status():
    context = ChunkContext(1, 10, 1, 10)
    status = SEQUENCE + "frame=    8 fps=0.0 q=-0.0 size=N/A time=00:00:00.33 bitrate=N/A speed=   7x\r"
    assert read(context, status).frames_done == set(range(1, 8))
    closed = status + "video:244kB audio:0kB subtitle:0kB other streams:0kB muxing overhead: unknown\n"
    assert read(context, closed).frames_done == set(range(1, 9))


def test_the_status_tells_how_many_frames_and_how_fast_once_ffmpeg_knows():
    context = ChunkContext(1, 10, 1, 10)
    assert read(context, "frame=    2 fps=0.0 q=1 speed=N/A\n").status == "2 of 10 frames"
    assert read(context, "frame=    5 fps=3.5 q=1 speed=0.1x\n").status == "5 of 10 frames, 3.5 fps"
    assert read(context, "frame=    9 fps= 12 q=1 speed=0.5x\n").status == "9 of 10 frames, 12 fps"
    block = "frame=9\nfps=1.70\nspeed=0.1x\nprogress=continue\n"
    assert read(context, block).status == "9 of 10 frames, 1.70 fps"


def test_more_frames_than_the_chunk_has_are_not_invented():
    reader = read(ChunkContext(1, 3, 1, 3), SEQUENCE + "frame=   99 fps=1 q=-0.0 Lsize=N/A\n")
    assert reader.frames_done == {1, 2, 3}
    assert reader.fraction == 1


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Output #0, mp4, to '/renders/a.mp4':\n",
        "Output #0, image2pipe, to 'pipe:':\n",
        "Output #0, image2, to '/renders/still.png':\n",  # one file, written over and over
        "Output #0, image2, to '/tmp/plates/%04d.png':\n",  # not where the chunk's frames go
    ],
)
def test_only_a_sequence_in_the_output_finishes_frames(header):
    context = ChunkContext(1, 9, 1, 9, output="/renders")
    assert read(context, header + "frame=    5 fps=1 q=1 Lsize=N/A\n").frames_done == set()


def test_a_line_that_only_looks_like_a_progress_block_tells_nothing():
    assert not read(ChunkContext(1, 9, 1, 9), "frame=5\nframe=six\nframe=7 of shot 10\n").fraction


def test_a_count_of_thousands_of_digits_is_no_error():
    nines = "9" * 5000
    log = f"{SEQUENCE}frame= {nines} fps=1\nframe={nines}\nprogress=end\nframe={'9' * 12}\nprogress=end\n"
    assert read(ChunkContext(1, 2, 1, 2), log).frames_done == {1, 2}


@pytest.mark.parametrize(
    "line",
    [
        "Error writing trailer of /renders/shot.mp4: No space left on device",
        "[out#0/mp4 @ 0x55d1c] Error writing trailer: No space left on device",
        "Error closing file /renders/shot.mp4: Input/output error",
    ],
)
def test_a_movie_whose_end_could_not_be_written_is_not_saved(line):
    """Before version 6 ffmpeg exits with 0 all the same."""
    reader = read(ChunkContext(1, 144, 1, 144), f"frame=  144 fps= 25 q=-1.0 Lsize=N/A\n{line}\n")
    assert reader.unsaved == line[line.index("Error") :]
    assert reader.frames_done == set()
