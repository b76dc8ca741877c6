"""`kubectl renderjob preview` of frames that lie on a volume which this machine does not see."""

from __future__ import annotations

from pathlib import Path

import pytest

from e2e.cluster import Place
from e2e.jobs import render_job
from e2e.test_e2e_cli import Shell
from e2e.test_e2e_pods import pictures
from renderjob.media import count_frames, probe_video


@pytest.fixture
def shell(place: Place, tmp_path: Path) -> Shell:
    return Shell(place, tmp_path)


def test_a_sheet_and_a_film_of_the_preview_and_then_a_word(place: Place, shell: Shell, tmp_path: Path):
    job = render_job(
        "film",
        pictures("/renders"),
        chunks={"size": 1},
        output={"path": "/renders", "file": "####.png"},
        preview={"frames": "1,5,10", "approval": "Required"},
    )
    place.apply(job)
    place.until_state("film", {"Suspended"})
    assert place.status("film")["frames"]["completed"] == "1,5,10"

    sheet, film = tmp_path / "sheet.png", tmp_path / "film.mp4"
    said = shell("kubectl", "renderjob", "preview", "film", "-o", str(sheet), "-o", str(film))
    assert "3 of 3 frames" in said
    assert sheet.read_bytes().startswith(b"\x89PNG")
    assert probe_video(film).width == 96
    assert count_frames(film) == 10, "each is held until the next one's time"
    assert not place.list("jobs", "--selector", "renderjob.dev/kind=preview")

    said = shell("kubectl", "renderjob", "preview", "film", "--image", "no/such:1", "--timeout", "20", code=1)
    assert "no/such:1" in said
    assert "--directory" in said
    assert not place.list("jobs", "--selector", "renderjob.dev/kind=preview")
    shell("kubectl", "renderjob", "approve", "film")
    place.wait("film", "Complete")
