"""Each request of the operator fails, in each way in turn; each news of a watch is lost, doubled or late; it is
killed after each of its writes: nothing that a person or another program sees is any different.

In each test many small RenderJobs run side by side, and in each of them something else goes wrong: `KIND`s of
request are counted by RenderJob, so the fault of one hits no other, but for what they share (a watch, a limiter).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from harness import ControlPlane
from harness.waiting import until
from support.cluster import TERMINAL, ClusterFarm
from support.faults import Fault
from support.kube import told
from support.operator_process import OperatorProcess
from support.proxy import Proxy, kubeconfig, proxy
from support.watching import check_truth, watching
from support.witness import Witness, catch_up, witness

Object = dict[str, Any]

WRITES = ("create jobs", "patch renderjobs/status", "delete jobs", "create events")
"""The writes of a RenderJob's life."""

READS = ("get jobs", "get renderjobs", "list pods")
"""What is read only when something went wrong."""

PACE = 0.5
"""Seconds between two writes of a status."""

POSITIONS = range(1, 13)
"""An undisturbed life has seven or eight Jobs, about ten status writes, and five events."""

SPEC: Object = {
    "frames": "1-6",
    "chunks": {"size": 2},
    "parallelism": 2,
    "output": {"path": "/renders", "file": "####.png"},
    "merge": {"ffmpeg": {"fps": 24, "file": "shot.mp4"}},
    "cleanup": {"keepFailedChunks": 0},
    # The first chunk fails once. The attempts 1 to 3 are the chunks; 4 looks what the first has left, and finds
    # nothing; a later one looks again, when it was rendered.
    "kwok": {"run": "300ms", "outcome": "fail", "fail_attempts": "1", "only_chunks": "0"},
    "labels": told(missing="1_2", missing_before="6"),
}

SAYS: dict[str, Any] = {
    "Started": lambda s: s.get("startedAt"),
    "ChunkFailed": lambda s: s["attempts"]["failed"] == 1,
    "Merging": lambda s: s["completedFrames"] == 6,
    "Merged": lambda s: s["merge"]["merged"],
    "Completed": lambda s: s["state"] == "Completed",
}
"""What is in the status before an event tells it."""


@dataclass
class Stage:
    """An operator behind a proxy, and who sees what it does."""

    farm: ClusterFarm
    proxy: Proxy
    seen: Witness
    statuses: Any
    """All statuses of a RenderJob so far, by its name."""


@contextmanager
def staged(
    plane: ControlPlane, namespace: str, directory: Path, *, starts: bool = True, **settings: Any
) -> Iterator[Stage]:
    with (
        proxy(plane) as between,
        witness(plane, namespace) as seen,
        watching(plane, namespace) as watched,
    ):
        operator = OperatorProcess(
            kubeconfig(between, plane, directory / "kubeconfig"),
            namespace,
            directory / "operator.log",
            program="support.impatient",
            writes_per_second="1000",
            pace=str(PACE),
            **settings,
        )
        between.kill = lambda: operator.process.kill()  # noqa: PLW0108 - it is another after each start

        def statuses(name: str) -> list[Object]:
            found = [o["status"] for o in watched.objects() if o["metadata"]["name"] == name]
            told = [s for s in found if "state" in s]
            return told[:1] + [after for before, after in pairwise(told) if before != after]

        if starts:
            operator.start()
        try:
            yield Stage(ClusterFarm(plane, namespace, operator), between, seen, statuses)
        finally:
            operator.stop()


@pytest.fixture
def stage(control_plane: ControlPlane, namespace: str, tmp_path: Path) -> Iterator[Stage]:
    with staged(control_plane, namespace, tmp_path) as stage:
        yield stage


def finish(stage: Stage, names: list[str], patience: float = 300) -> None:
    """Wait until all are at their end and nothing is left of them; an operator that was killed is started again."""
    farm = stage.farm

    def alive() -> bool:
        if not farm.operator.alive:
            farm.operator.kill()
            farm.operator.start()
        return True

    def over() -> bool:
        states = [r.get("status", {}).get("state") for r in farm.plane.api("GET", farm.url())["items"]]
        return len(states) == len(names) and all(state in TERMINAL for state in states)

    def left() -> bool:
        path = f"/apis/batch/v1/namespaces/{farm.namespace}/jobs"
        return bool(farm.plane.api("GET", path)["items"])

    try:
        until(lambda: alive() and over(), "for the end of all", patience)
        until(lambda: alive() and not left(), "for the last Jobs to be removed", patience)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{farm.operator.said()[-6000:]}") from None
    catch_up(farm.plane, farm.namespace, stage.seen)


def check(stage: Stage, name: str, *, one_life: bool = True) -> None:
    """All that is promised of a RenderJob, whatever went wrong.

    Args:
        stage: where it ran.
        name: its name.
        one_life: whether one process did all of it; another one does not know when a status was written last.
    """
    status, seen, between = stage.farm.status(name), stage.seen, stage.proxy
    assert (status["state"], status["frames"]["completed"]) == ("Completed", "1-6"), status
    assert status["result"]["merged"] == "/renders/shot.mp4"
    assert (status["completedChunks"], status["totalChunks"]) == (3, 3)
    # Counted as the pods' ends say, each once.
    counts = {kind: count for kind, count in status["attempts"].items() if count}
    assert counts == {"succeeded": 3, "failed": 1, "error": 1}, counts
    assert [f["frames"] for f in status["failures"]] == ["1-2"]
    assert len(seen.ended("Failed", name)) == 1
    assert seen.rendered(name) == dict.fromkeys(range(1, 7), 1), seen.story(name)
    # One Job for each attempt; none was made for nothing.
    assert seen.attempts(name) == dict.fromkeys(range(1, status["nextAttempt"]), 1)
    check_truth(stage.statuses(name))
    check_order(between, name)
    if one_life:
        check_pace(between, name)


def check_order(between: Proxy, name: str) -> None:
    """An attempt is in the status before its Job is made, and its result before its Job goes; so is what is told."""
    written = [
        (a.done, a.answer["status"]) for a in between.of(name, "patch renderjobs/status") if a.code == 200
    ]

    def status_at(moment: int) -> Object:
        return next((s for done, s in reversed(written) if done and done < moment), {"inFlight": []})

    for asked in between.of(name):
        flying = {int(line.split()[0]) for line in status_at(asked.came).get("inFlight", [])}
        if asked.what.kind == "create jobs":
            assert int(asked.body["metadata"]["labels"]["renderjob.dev/attempt-id"]) in flying
        elif asked.what.kind == "delete jobs":
            assert int(asked.path.rpartition("-")[2]) not in flying, "its result is not in the status"
        elif asked.what.kind == "create events" and asked.body["reason"] in SAYS:
            assert SAYS[asked.body["reason"]](status_at(asked.came)), asked.body["reason"]


def check_pace(between: Proxy, name: str) -> None:
    """The status is written no sooner than it may be; what was refused was not written."""
    times = [a.at for a in between.of(name, "patch renderjobs/status") if a.code == 200]
    assert all(later - sooner > 0.99 * PACE for sooner, later in pairwise(times)), times


def submitted(stage: Stage, names: list[str]) -> None:
    for name in names:
        stage.farm.submit(name, **SPEC)


@pytest.mark.slow
@pytest.mark.parametrize(
    "faults",
    [
        [Fault.REFUSED],
        [Fault.ERROR, Fault.UNAVAILABLE],
        [Fault.THROTTLED],
        [Fault.LOST],
        [Fault.LATE],
        [Fault.RIVAL],
    ],
    ids="-".join,
)
def test_each_write_fails_in_turn(stage: Stage, faults: list[Fault]):
    """In the n-th RenderJob the n-th write of each kind fails, and there is one in which none does.

    Two faults that mean nearly the same take turns. What is read after a write that failed can't be read at once.
    """
    names = ["undisturbed", *(f"{faults[0]}-{position}" for position in POSITIONS)]
    for position in POSITIONS:
        name, fault = names[position], faults[position % len(faults)]
        for kind in WRITES:
            stage.proxy.plan(kind, name, position, fault)
        for kind in READS:
            stage.proxy.plan(kind, name, 1, Fault.REFUSED)
    submitted(stage, names)
    finish(stage, names)
    for name in names:
        check(stage, name)
    usual = Counter(a.what.kind for a in stage.proxy.of("undisturbed"))
    assert set(usual) >= set(WRITES), usual
    hits = Counter(what.kind for what, _ in stage.proxy.hits)
    # How many verifications and status writes there are depends on what coincides; fewer there never are.
    assert min(hits["create jobs"], hits["delete jobs"]) >= 7, (hits, usual)
    assert hits["patch renderjobs/status"] > 2, (hits, usual)
    assert hits["create events"] > 0, (hits, usual)
    if Fault.RIVAL in faults:
        assert hits["get jobs"], "a Job that is there already is read, to be taken for ours"
        assert hits["get renderjobs"], "a RenderJob that somebody else wrote is read again"


@pytest.mark.slow
@pytest.mark.parametrize("kind", WRITES[:3])
def test_killed_after_each_write(stage: Stage, kind: str):
    """In the n-th RenderJob the n-th write is done and nobody hears of it: the operator is dead. The next goes on."""
    names = [f"killed-{position}" for position in POSITIONS]
    for position, name in enumerate(names, 1):
        stage.proxy.plan(kind, name, position, Fault.KILLED)
    submitted(stage, names)
    finish(stage, names)
    for name in names:
        check(stage, name, one_life=False)
    assert len(stage.proxy.hits) > 5, stage.proxy.hits


TOLD = ("told jobs", "told pods", "told renderjobs")
"""What watches tell; some forty lines of each in the life of a RenderJob."""


@pytest.mark.slow
@pytest.mark.parametrize(
    "faults",
    [
        [Fault.GONE],
        [Fault.CUT, Fault.TORN],
        [Fault.DROPPED],
        [Fault.TWICE],
        [Fault.DELAYED],
        [Fault.SILENT],
    ],
    ids="-".join,
)
def test_each_news_is_lost_doubled_or_late(
    control_plane: ControlPlane, namespace: str, tmp_path: Path, faults: list[Fault]
):
    """In the n-th RenderJob the n-th line of each watch goes wrong, and every twelfth after it.

    Where each costs time, as all wait for it, only the n-th does.
    """
    few = faults[0] in (Fault.DELAYED, Fault.SILENT)
    names = [f"{faults[0]}-{position}" for position in POSITIONS]
    # What is dropped is found by a full look, which comes soon here; what falls silent is noticed soon.
    settings = {"resync": "2"} if faults[0] in (Fault.DROPPED, Fault.SILENT) else {}
    patience = {"IMPATIENT_IDLE": "2"} if faults[0] is Fault.SILENT else {}
    with staged(control_plane, namespace, tmp_path, environment=patience, **settings) as stage:
        for position, name in enumerate(names, 1):
            for kind in TOLD:
                for at in range(position, position + 1 if few else 60, len(POSITIONS)):
                    stage.proxy.plan(kind, name, at, faults[at % len(faults)])
        submitted(stage, names)
        finish(stage, names)
        for name in names:
            # kopf ends at a torn line, and the process with it.
            check(stage, name, one_life=Fault.TORN not in faults)
        hits = Counter(what.kind for what, _ in stage.proxy.hits)
        # A watch that falls silent is begun anew by a list, which tells what its lines would have.
        least = 0 if Fault.SILENT in faults else len(POSITIONS) / 2
        assert min(hits["told jobs"], hits["told pods"]) > least, hits
        # kopf takes a minute to find that a watch is silent, and a new process lists instead.
        assert hits["told renderjobs"] > (0 if Fault.SILENT in faults or Fault.TORN in faults else 5), hits


LOOKS = ("list jobs", "list pods", "list renderjobs", "watch jobs", "watch pods", "watch renderjobs")


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault", [Fault.REFUSED, Fault.ERROR, Fault.UNAVAILABLE, Fault.THROTTLED, Fault.LATE], ids=str
)
def test_every_first_look_fails(control_plane: ControlPlane, namespace: str, tmp_path: Path, fault: Fault):
    """All that an operator asks for when it starts fails at first: discovery, the lists, the watches."""
    patience = {"IMPATIENT_IDLE": "2"} if fault is Fault.LATE else {}
    with staged(control_plane, namespace, tmp_path, environment=patience, resync="2", starts=False) as stage:
        for kind in LOOKS:
            for position in (1, 2):
                stage.proxy.plan(kind, "", position, fault)
        if fault is not Fault.LATE:
            for position in range(1, 6):
                stage.proxy.plan("get other", "", position, fault)
        stage.farm.operator.start()
        submitted(stage, ["first"])
        finish(stage, ["first"])
        check(stage, "first")
        # kopf may wait longer than this test lasts.
        hits = {what.kind for what, _ in stage.proxy.hits}
        assert hits >= set(LOOKS) - {"watch renderjobs"}, hits


def test_nothing_is_started_for_a_renderjob_whose_end_nobody_told(stage: Stage):
    """Its Jobs go with it, and that is told; but what looks like Jobs that vanished is not made again."""
    farm = stage.farm
    # What is told of it before depends on how it goes; what is told of its Jobs and pods does not matter.
    for position in range(1, 60):
        stage.proxy.plan("told renderjobs", "shot", position, Fault.DROPPED)
    started = [
        farm.submit(name, parallelism=2, chunks={"size": 1}, kwok={"outcome": "hang"})
        for name in ("other", "shot")
    ]
    farm.operator.kill()  # the next one lists what is there already
    farm.operator.start()
    for name in started:
        farm.running(name, 2)
    farm.delete("shot")
    farm.gone("shot")
    asked = len(stage.proxy.of("shot", "create jobs"))
    # Once the operator has looked at what it was told later, it has looked at this, too.
    farm.delete("other")
    farm.gone("other")
    done = farm.run(chunks={"size": 2})
    assert done["state"] == "Completed"
    assert len(stage.proxy.of("shot", "create jobs")) == asked == 2
    assert not farm.jobs("shot")
