"""A look at what is rendered so far, and at what an edit would cost."""

from __future__ import annotations

import json

import pytest

from renderjob.media import count_frames, find_ffmpeg, probe_video

PICTURE = (
    "for i in $(seq $RENDER_START $RENDER_END); do "
    "{ffmpeg} -loglevel error -y -f lavfi -i color=c=red:s=64x36 -frames:v 1 $RENDER_OUTPUT/$(printf %04d $i).png; "
    "done"
)


@pytest.fixture
def rendered(farm):
    """Ten pictures, rendered."""
    command = ["sh", "-c", PICTURE.format(ffmpeg=find_ffmpeg())]
    assert farm("run", farm.write(command=command)).code == 0
    farm.command = command
    return farm


def test_a_contact_sheet_and_a_low_rate_video_of_what_is_there(rendered):
    (rendered.home / "out" / "0004.png").unlink()
    done = rendered("preview", "shot", "-o", "sheet.png", "-o", "low.mp4", "--fps", "4", "--width", "64")
    assert done.code == 0
    assert "9 of 9 frames: 1-3,5-10" in done.out
    assert "not rendered yet: 4" in done.out
    assert probe_video(rendered.home / "sheet.png").width > 64
    assert "9 frames, 2.2s at 4 a second" in done.out


def test_only_some_frames(rendered):
    assert "2 of 2 frames: 3,7" in rendered("preview", "shot", "--frames", "3,7", "-o", "two.png").out


def test_a_job_of_which_nothing_is_there_says_where_it_looked(rendered):
    done = rendered("preview", "shot", "--directory", "elsewhere")
    assert done.code == 1
    assert "none of 10 frames of default/shot is in elsewhere yet" in done.err
    assert "--directory" in done.err


def test_a_job_without_files_has_no_preview(farm):
    farm("run", farm.write("plain", ["true"], output={"path": "out"}))
    done = farm("preview", "plain")
    assert done.code == 4
    assert "set output.file" in done.err


def test_what_an_edit_would_cost_is_told_before_it_is_applied(rendered):
    more = rendered.write(command=rendered.command, frames="1-12")
    told = json.loads(rendered("plan", more, "--against", "shot", "-o", "json").out)
    assert (told["kept"], told["again"], told["missing"]) == ("1-10", "", "11-12")
    assert told["framesToRender"] == 2
    other = rendered.write(command=[*rendered.command[:-1], rendered.command[-1].replace("red", "blue")])
    told = rendered("plan", other, "--against", "shot").out
    assert "Rendered again:" in told
    assert "10 frames  1-10" in told
    assert rendered.status()["completedFrames"] == 10, "nothing was applied"


def test_against_a_job_that_is_not_there(rendered):
    done = rendered("plan", "shot.yaml", "--against", "nobody")
    assert done.code == 1
    assert "no job is called nobody" in done.err


def test_a_film_of_the_preview_is_as_long_as_the_shot(farm):
    command = ["sh", "-c", PICTURE.format(ffmpeg=find_ffmpeg())]
    preview = {"frames": "1,5", "approval": "Required"}
    assert farm("run", farm.write(command=command, preview=preview)).code != 0
    done = farm("preview", "shot", "-o", "film.mp4")
    assert done.code == 0
    assert "film.mp4: 2 frames, held for those between: 0.4s at 24 a second, as long as the shot" in done.out
    assert "the job waits for a word: renderjob approve shot" in done.out
    assert count_frames(farm.home / "film.mp4") == 10
    assert (
        "as long as the shot"
        not in farm("preview", "shot", "-o", "film.mp4", "--frames", "1,5", "--fps", "2").out
    )


def test_a_name_that_is_neither_a_sheet_nor_a_video_is_refused(rendered):
    done = rendered("preview", "shot", "-o", "film.gif")
    assert done.code == 4
    assert "found 'film.gif'" in done.err
