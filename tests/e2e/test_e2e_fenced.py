"""Fenced attempts on a real volume: the kubelet makes their directories, and only what verifies leaves them."""

from __future__ import annotations

import json

from e2e.cluster import Place
from e2e.jobs import python, render_job
from e2e.volume import digests, run

FENCED = {"path": "/renders/shot", "file": "####.txt", "fenced": True}

# What is beside the fence, all attempts see; of what is in it, only their own.
DIES_ONCE = python(
    "os.makedirs('/renders/log', exist_ok=True)",
    "there = sorted(os.listdir('/renders/shot'))",
    "first = os.environ['RENDER_ATTEMPT'] == '1'",
    "for frame in frames:",
    "    with open('/renders/log/begun', 'a') as log: print(frame, *there, file=log)",
    "    with open('/renders/shot/%04d.txt' % frame, 'w') as file: file.write('frame %d' % frame)",
    "    time.sleep(0.2)",
    "    if first and frame == 4: os._exit(3)",
)


def below(place: Place, directory: str) -> list[str]:
    """All files of a directory of the volume, however deep."""
    script = (
        "import json, pathlib; root = pathlib.Path("
        f"{directory!r}); print(json.dumps(sorted(str(f.relative_to(root)) for f in root.rglob('*') if f.is_file())))"
    )
    found: list[str] = json.loads(run(place, "python", "-c", script))
    return found


def test_a_renderer_that_writes_in_place_is_fenced_and_what_it_finished_is_kept(place: Place):
    place.apply(render_job("shot", DIES_ONCE, chunks={"size": 10}, output=FENCED))
    place.wait("shot", "Complete")

    status = place.status("shot")
    assert status["frames"]["completed"] == "1-10"
    assert status["attempts"]["failed"] == 1
    begun = run(place, "python", "-c", "print(open('/renders/log/begun').read())").split("\n")
    frames = [int(line.split()[0]) for line in begun if line]
    # The fourth may have been cut short, so it is rendered again.
    assert frames == [1, 2, 3, 4, *range(4, 11)]
    assert all(line.split()[1:] == [] for line in begun if line), "an attempt begins with nothing of others"
    assert list(digests(place, "/renders/shot", ".txt")) == [f"{frame:04d}.txt" for frame in range(1, 11)]
    left = [name for name in below(place, "/renders/shot/.renderjob") if not name.endswith("/published")]
    assert left == []


def test_what_a_fenced_attempt_that_is_cancelled_had_not_finished_never_arrives(place: Place):
    slow = python(
        "for frame in frames:",
        "    with open('/renders/shot/%04d.txt' % frame, 'w') as file: file.write('frame')",
        "    print('rendered frame', frame, flush=True)",
        "    time.sleep(1e6 if frame == 3 else 0)",
    )
    place.apply(render_job("shot", slow, chunks={"size": 10}, output=FENCED))
    place.until_state("shot", {"Running"})
    place.edit("shot", cancel=True)
    place.until_state("shot", {"Cancelled"})
    place.gone("shot")
    assert list(digests(place, "/renders/shot", ".txt")) == []
