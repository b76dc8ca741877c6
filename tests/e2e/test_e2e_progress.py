"""What moves while a real container renders: the columns of `kubectl get rj -w`, read from its log."""

from __future__ import annotations

import re

from e2e.cluster import Place
from e2e.jobs import python, render_job
from harness.waiting import until
from support.watching import check_truth


def test_progress_moves_while_one_long_chunk_runs(place: Place):
    slow = python(
        "os.makedirs('/renders/film', exist_ok=True)",
        "for frame in frames:",
        "    time.sleep(1.5)",
        "    open('/renders/film/%04d.txt' % frame, 'w').write('frame')",
        "    print('wrote frame', frame, flush=True)",
    )
    place.apply(
        render_job(
            "film",
            slow,
            frames="1-20",
            chunks={"size": 20},
            output={"path": "/renders/film", "file": "####.txt"},
            progress={"pattern": r"wrote frame (?P<done>\d+)"},
        )
    )
    with place.watching("film") as objects, place.watching("film", "") as lines:
        place.wait("film", "Complete")
        until(lambda: "Completed" in lines.text(), "for the last line")
        text, seen = lines.text(), objects.objects()
    check_truth([thing["status"] for thing in seen if "state" in thing.get("status", {})])
    rows = re.findall(r"^film +([A-Z]\w+) +(\d+) +(\d+)/20", text, re.MULTILINE)
    percent = [int(row[1]) for row in rows]
    assert percent == sorted(percent), text
    assert percent[-1] == 100
    between = {p for p in percent if 0 < p < 95}
    assert len(between) >= 3, f"a single chunk moved the number {len(between)} times on its way:\n{text}"
    attempts = place.status("film")["attempts"]
    assert (attempts["succeeded"], attempts["failed"]) == (1, 0)


def test_a_chunk_that_hangs_is_stopped_and_rendered_again(place: Place):
    hang = python(
        "os.makedirs('/renders/film', exist_ok=True)",
        "first = os.environ['RENDER_ATTEMPT'] == '1'",
        "for frame in frames:",
        "    if first and frame == 3: time.sleep(3600)",
        "    open('/renders/film/%04d.txt' % frame, 'w').write('frame')",
        "    print('wrote frame', frame, flush=True)",
    )
    place.apply(
        render_job(
            "film",
            hang,
            frames="1-4",
            chunks={"size": 4},
            output={"path": "/renders/film", "file": "####.txt"},
            progress={"pattern": r"wrote frame (?P<done>\d+)"},
            timeouts={"stall": "12s"},
        )
    )
    place.wait("film", "Complete")
    status = place.status("film")
    assert status["attempts"]["stalled"] == 1
    assert status["failures"][0]["class"] == "Stalled"
    assert status["failures"][0]["frames"] == "1-4", "what it had written counts once its files are looked at"
