"""A node that can't start containers, or takes no pod: its fault until other nodes say the same, never the job's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from renderjob.api import FailureClass, State
from renderjob.core import Phase
from renderjob.core.evidence import ContainerEvidence, Evidence, JobEnd
from renderjob.core.words import ContainerWord, container_word, pod_word
from support.blocked import blocked_by
from support.jobs import spec
from support.world import Running, World

DRIVER = (
    "OCI runtime create failed: nvidia-container-cli: initialization error: nvml error: driver not loaded"
)
TYPO = (
    'OCI runtime create failed: unable to start container process: exec: "blendr": executable file not found'
)


def unstartable(world: World, running: Running, node: str, words: str = DRIVER) -> None:
    container = ContainerEvidence(
        "render", word=container_word("StartError", words), reason="StartError", exit_code=128, message=words
    )
    evidence = Evidence(JobEnd.FAILED, terminal=True, node=node, containers=(container,))
    world.end(
        running,
        Phase.FAILED,
        node=node,
        exit_code=128,
        log=words,
        started_at=None,
        evidence=evidence,
    )


def rejected(world: World, running: Running, node: str, reason: str = "OutOfcpu") -> None:
    evidence = Evidence(JobEnd.FAILED, terminal=True, word=pod_word(reason), reason=reason, node=node)
    world.end(running, Phase.FAILED, node=node, exit_code=None, started_at=None, evidence=evidence)


def not_begun(world: World) -> None:
    """Whatever runs is only about to begin."""
    for running in world.running:
        running.seen = replace(running.seen, started_at=None)


def farm(**fields) -> World:
    return World(spec(frames="1-100", chunks={"size": 10}, **{"parallelism": 1, **fields}))


def restart(world: World) -> None:
    """Until something is about to begin again."""
    world.step()
    while not world.running and not world.status.state.terminal:
        world.sleep_until_wake()
        world.step()
    not_begun(world)


def test_one_broken_node_does_not_lose_the_job_when_nine_of_ten_chunks_are_rendered():
    world = farm(retries={"perChunk": 0})
    for _ in range(9):
        world.step()
        world.end_all(node="n1")
    world.step()
    for _ in range(5):
        unstartable(world, world.running[0], "n2")
        restart(world)
    assert world.status.state is State.RUNNING
    assert (world.status.attempts.node, world.status.attempts.failed) == (5, 0)
    assert "n2" in world.running[0].attempt.avoid
    assert "n2" in world.status.avoided_nodes
    assert {failure.failure_class for failure in world.status.failures} == {FailureClass.NODE}
    assert world.run().state is State.COMPLETED


@pytest.mark.parametrize("words", [DRIVER, TYPO])
def test_two_nodes_that_say_the_same_before_anything_began_show_that_the_manifest_is_broken(words):
    world = farm()
    world.step()
    unstartable(world, world.running[0], "n1", words)
    restart(world)
    assert world.status.state is State.RUNNING, "one node alone can't tell"
    unstartable(world, world.running[0], "n2", words)
    world.step()
    world.end_stopping()
    world.step()
    assert world.status.state is State.FAILED
    assert words in world.status.error
    assert "on nodes n1 and n2" in world.status.error
    assert world.status.failures[-1].failure_class is FailureClass.CONFIG
    assert len(world.started_ids) == 2


def test_the_only_node_there_is_may_say_it_twice():
    world = farm()
    world.step()
    unstartable(world, world.running[0], "n1", TYPO)
    restart(world)
    assert world.running[0].attempt.shun == ("n1",)
    unstartable(world, world.running[0], "n1", TYPO)
    world.step()
    assert world.status.state is State.FAILED
    assert "the only one there is" in world.status.error


def test_many_chunks_at_once_on_one_node_are_one_word_of_one_node():
    world = farm(parallelism=5)
    world.step()
    not_begun(world)
    for running in list(world.running):
        unstartable(world, running, "n1")
    restart(world)
    assert world.status.state is State.RUNNING


def test_while_another_node_is_just_trying_nothing_is_said_of_the_manifest():
    world = farm(parallelism=3)
    world.step()
    not_begun(world)
    first, second, third = world.running
    third.seen = replace(third.seen, node="n3")
    unstartable(world, first, "n1")
    unstartable(world, second, "n2")
    world.step()
    assert world.status.state is State.RUNNING
    third.seen = replace(third.seen, started_at=world.now)
    world.step()
    assert world.status.start.began
    assert world.run().state is State.COMPLETED


def test_what_once_began_is_never_the_job_s_fault_though_all_nodes_say_so_later():
    world = farm(retries={"perChunk": 0})
    world.step()
    world.end_all(Phase.FAILED, node="n1", exit_code=1, missing=None)
    world = farm()
    world.step()
    world.end_all(node="n1")
    world.step()
    for number in range(8):
        unstartable(world, world.running[0], f"n{number % 4}", TYPO)
        restart(world)
    assert world.status.state is State.RUNNING
    assert "OnlyFreeFailures" in {condition.reason for condition in world.status.conditions}
    assert world.run().state is State.COMPLETED


def test_an_edit_of_the_template_asks_anew_whether_it_can_start():
    world = farm()
    world.step()
    world.end_all(node="n1")
    world.step()
    world.edit(template={"spec": {"containers": [{"name": "render", "command": ["blendr"]}]}})
    world.step()
    world.end_stopping()
    restart(world)
    for node in ("n1", "n2"):
        unstartable(world, world.running[0], node, TYPO)
        restart(world)
    assert world.status.state is State.FAILED


def test_what_the_kubelet_rejects_is_free_waits_and_goes_elsewhere():
    world = farm(parallelism=2, retries={"perChunk": 0})
    world.step()
    first, second = world.running
    second.seen = replace(second.seen, node="n2")
    frames = first.attempt.frames
    rejected(world, first, "n1")
    world.step()
    [entry] = world.status.retrying
    assert (entry.attempts, entry.free, entry.nodes) == (0, 1, ["n1"])
    assert entry.not_before > world.now, "what a node refuses is not asked for again at once"
    assert world.status.avoided_nodes == ["n1"]
    assert world.status.attempts.failed == 0
    world.sleep_until_wake()
    world.end_all()
    world.step()
    again = next(r for r in world.running if r.attempt.frames == frames)
    assert (again.attempt.number, again.attempt.avoid) == (1, ("n1",))
    assert world.run().state is State.COMPLETED


def test_four_rejections_of_each_chunk_lose_no_frame():
    world = farm(parallelism=4)
    for _ in range(4):
        restart(world)
        for running in list(world.running):
            rejected(world, running, "n1")
    assert world.run().state is State.COMPLETED


def test_a_node_that_was_left_alone_gets_chunks_again_after_a_while_and_after_a_success():
    world = farm(parallelism=2)
    world.step()
    first, second = world.running
    second.seen = replace(second.seen, node="n2")
    rejected(world, first, "n1")
    world.step()
    assert world.status.avoided_nodes == ["n1"]
    world.pass_time(601)
    world.step()
    assert world.status.avoided_nodes == []


def waits(
    world: World, running: Running, node: str, words: str = "FailedMount: mount failed: timed out", **more
):
    running.seen = replace(
        running.seen, started_at=None, waiting=blocked_by(words), waiting_since=world.now, node=node, **more
    )


def moved_on(world: World, seconds: float) -> None:
    world.step()
    world.pass_time(seconds)
    world.step()
    world.end_stopping_with_nothing()
    restart(world)


@pytest.mark.parametrize(
    "words",
    [
        "FailedMount: MountVolume.SetUp failed for volume: timed out",
        "FailedCreatePodSandBox: failed to setup network for sandbox: cni plugin not initialized",
        'ErrImagePull: failed to pull image "x": no space left on device',
        "CreateContainerError: context deadline exceeded",
    ],
)
def test_a_pod_that_its_node_does_not_start_is_tried_on_another_before_anything_is_said_of_the_job(words):
    world = farm(retries={"perChunk": 0})
    world.step()
    waits(world, world.running[0], "n1", words)
    moved_on(world, 180)
    [again] = world.running
    assert world.status.state is State.RUNNING
    assert again.attempt.shun == ("n1",)
    [failure] = world.status.failures
    assert (failure.failure_class, failure.node, failure.message) == (FailureClass.NODE, "n1", words)
    assert world.run().state is State.COMPLETED


def test_a_pod_that_no_node_starts_fails_the_job_after_timeouts_start():
    world = farm(timeouts={"start": "10m"})
    world.step()
    for node in ("n1", "n2"):
        waits(world, world.running[0], node, "ErrImagePull: no such image")
        moved_on(world, 180)
    assert world.status.state is State.RUNNING
    waits(world, world.running[0], "n2", "ErrImagePull: no such image")
    world.step()
    world.pass_time(600)
    world.step()
    world.end_stopping()
    world.step()
    assert world.status.state is State.FAILED
    assert "timeouts.start" in world.status.error


def test_once_something_began_a_pod_that_does_not_start_never_fails_the_job():
    world = farm(timeouts={"start": "10m"})
    world.step()
    world.end_all(node="n1")
    world.step()
    for number in range(6):
        waits(world, world.running[0], f"n{number}")
        moved_on(world, 900)
    assert world.status.state is State.RUNNING
    assert world.run().state is State.COMPLETED


def test_what_is_told_of_another_pod_moves_none():
    world = farm(parallelism=2)
    world.step()
    first, second = world.running
    waits(world, first, "n1")
    waits(world, second, "n2", hearsay=True)
    world.step()
    world.pass_time(180)
    world.step()
    assert [running.stopping for running in world.running] == [True, False]


def test_a_container_that_could_not_be_started_left_no_files_to_look_for():
    world = farm(output={"path": "/o", "file": "####.png"})
    world.step()
    unstartable(world, world.running[0], "n1")
    restart(world)
    assert [str(running.attempt.frames) for running in world.running] == ["1-10"]
    assert not world.verifying


def test_words_of_exec_are_no_other_words():
    assert container_word("StartError", TYPO) is ContainerWord.NO_PROGRAM
    assert container_word("StartError", DRIVER) is ContainerWord.CANNOT_START
    assert container_word("Error", TYPO) is ContainerWord.ERROR, "a shell that says the same has begun"
