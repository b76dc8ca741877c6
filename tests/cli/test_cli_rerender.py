"""`renderjob rerender`: frames that are there are rendered once more, and nothing else."""

from __future__ import annotations


def rendered(farm, frame: int) -> str:
    return (farm.home / "out" / f"{frame:04d}.png").read_text()


def test_the_frames_that_are_named_are_rendered_once_more(farm):
    file = farm.write(command=farm.renderer(after="echo $i $(cat colour) > $f"), chunks={"size": 5})
    (farm.home / "colour").write_text("red")
    assert farm("run", file).code == 0
    (farm.home / "colour").write_text("blue")

    done = farm("rerender", "shot", "--frames", "7,9", "--run")

    assert done.code == 0, done.err
    assert sorted(farm.begun()[10:]) == [7, 9]
    assert [rendered(farm, n).strip() for n in (6, 7, 8, 9)] == ["6 red", "7 blue", "8 red", "9 blue"]
    assert "10 of 10 rendered, 2 of them now" in done.out
    # The manifest does not name it, and does not take it back.
    assert "nothing was left to do" in farm("run", file).out

    assert farm("rerender", "shot", "--frames", "7", "--run").code == 0
    assert farm.begun()[12:] == [7]


def test_frames_that_the_job_does_not_have_are_refused(farm):
    farm("run", farm.write())
    done = farm("rerender", "shot", "--frames", "9-12")
    assert done.code == 2
    assert "11-12 is not among the frames of shot, which are 1-10" in " ".join(
        done.err.replace("│", " ").split()
    )
    assert farm("rerender", "shot", "--frames", "x").code == 2
