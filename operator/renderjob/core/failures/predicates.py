"""What the rows of the table ask of the evidence: small, pure questions."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Final

from renderjob.api import RuleAction
from renderjob.core import ending
from renderjob.core.actions import StopReason
from renderjob.core.evidence import ContainerEvidence, JobEnd, Role
from renderjob.core.observed import Phase
from renderjob.core.unverified import is_verified_later
from renderjob.core.words import ContainerWord, PodWord, is_node_pressure

from .verdict import Ended

SIGNALS: Final = 64
"""Numbers of signals end here: exit code 255 is no signal."""


def failed(ended: Ended) -> bool:
    """It did not succeed, whoever ended it."""
    return ended.seen.phase is not Phase.SUCCEEDED


Question = Callable[[Ended], bool]

_OF_FAILURES: Final[set[Question]] = set()


def of_failures(question: Question) -> Question:
    """A question to what did not succeed: for what did, the answer is no, and nobody has to ask."""

    @wraps(question)
    def asked(ended: Ended) -> bool:
        return failed(ended) and question(ended)

    _OF_FAILURES.add(asked)
    return asked


def may_be_of_success(question: Question) -> bool:
    """Whether an attempt that succeeded may be what a question is about."""
    return question not in _OF_FAILURES


def stopped(reason: StopReason) -> Question:
    """We stopped it, and it did not succeed before that reached it."""
    return of_failures(lambda ended: ended.attempt.stop is reason)


@of_failures
def timed_out(ended: Ended) -> bool:
    """It took too long, by our count, or by the Job's own deadline, which holds while no operator runs."""
    by_job = ended.evidence.job is JobEnd.DEADLINE and not ending.ended_before_deadline(ended.evidence)
    late = ended.seen.timed_out or by_job
    ours = ended.attempt.stop is StopReason.LINGERED
    stopped_by_us = ended.attempt.stop is StopReason.TIMED_OUT
    return stopped_by_us or (late and not ours and ended.seen.phase is Phase.FAILED)


def past_own_deadline(ended: Ended) -> bool:
    """The pod's own activeDeadlineSeconds, which the template names."""
    return ended.evidence.word is PodWord.DEADLINE


def cannot_be_had_here(ended: Ended) -> bool:
    """The executor itself has found that what the manifest names is not on this machine."""
    return bool(ended.seen.config)


def rejected(ended: Ended) -> bool:
    """The kubelet did not admit the pod, or it failed without a word: no container of it ever began."""
    pod = ended.evidence
    if pod.word in (PodWord.REJECTED, PodWord.OTHER):
        return pod.terminal and not pod.began and not any(c.unstartable for c in pod.containers)
    never = not any(c.ended or c.running for c in pod.containers)
    if pod.word is PodWord.NONE:
        return pod.terminal and never and not (pod.disruption or pod.deleted_at)
    return pod.terminal and never and pod.word in (PodWord.EVICTED, PodWord.NODE_GONE)


def evicted_by_node(ended: Ended) -> bool:
    """The kubelet needed room for others: the condition DisruptionTarget says so, or, in old clusters, its words."""
    pod = ended.evidence
    # A later sync of the kubelet may remove the pod's own reason.
    unnamed = pod.word is PodWord.NONE and pod.disruption == "TerminationByKubelet"
    evicted = pod.word is PodWord.EVICTED or unnamed
    return evicted and (bool(pod.disruption) or is_node_pressure(pod.message))


def evicted_for_own_use(ended: Ended) -> bool:
    """The pod used more than its own limit of disk or memory allows: no condition says that it was a disruption."""
    pod = ended.evidence
    return pod.word is PodWord.EVICTED and not (pod.disruption or is_node_pressure(pod.message))


def taken_away(ended: Ended) -> bool:
    """The condition DisruptionTarget, a node that is gone, or a pod that ran and was refused after all."""
    gone = ended.evidence.word in (PodWord.NODE_GONE, PodWord.REJECTED)
    return ending.disrupted(ended.evidence) or (gone and failed(ended))


def unseen(ended: Ended) -> bool:
    """The kubelet does not know how the container ended: its pod, or its node, is gone."""
    return ended.guilty is not None and ended.guilty.word is ContainerWord.UNKNOWN


def deleted(ended: Ended) -> bool:
    """The pod was deleted before it had ended by itself."""
    return ending.killed_by_deletion(ended.evidence)


@of_failures
def never_began(ended: Ended) -> bool:
    """The Job's time was over before the pod began."""
    return ended.seen.phase is Phase.LOST and ended.evidence.job is JobEnd.DEADLINE


@of_failures
def lost(ended: Ended) -> bool:
    """Its end was not observed."""
    return ended.seen.phase is Phase.LOST


def forbidden(ended: Ended) -> bool:
    """The node does not allow what the pod asks for."""
    return ended.evidence.word is PodWord.FORBIDDEN


def no_program(ended: Ended) -> bool:
    """The runtime did not find the program in the image."""
    return ended.guilty is not None and ended.guilty.word is ContainerWord.NO_PROGRAM


def cannot_start(ended: Ended) -> bool:
    """The runtime could not start a container."""
    return ended.guilty is not None and ended.guilty.word is ContainerWord.CANNOT_START


def ruled(action: RuleAction) -> Question:
    """The first rule of the manifest that fits has this action; a success is no failure, whatever its log says."""

    @of_failures
    def fits(ended: Ended) -> bool:
        fitting = (r for r in ended.spec.retries.rules if r.fits(ended.seen.exit_code, ended.seen.log))
        first = next(fitting, None)
        return first is not None and first.action is action

    return fits


def out_of_memory(*roles: Role) -> Question:
    """The container whose end decided was killed at its memory limit, by the kubelet's word or the executor's."""

    def fits(ended: Ended) -> bool:
        guilty = ended.guilty
        if guilty is not None:
            return guilty.role in roles and guilty.word is ContainerWord.OUT_OF_MEMORY
        return Role.RENDER in roles and ended.seen.out_of_memory

    return fits


@of_failures
def failed_beside_out_of_memory(ended: Ended) -> bool:
    """The renderer failed, and a sidecar had been killed at its memory limit before that."""
    return sidecar_out_of_memory(ended) is not None


def sidecar_out_of_memory(ended: Ended) -> ContainerEvidence | None:
    """The sidecar that was killed at its memory limit while the renderer ran; None without one."""
    return next((c for c in ended.evidence.containers if _killed_before(c, ended.evidence.render)), None)


def _killed_before(container: ContainerEvidence, render: ContainerEvidence | None) -> bool:
    if container.role is Role.NATIVE_SIDECAR:
        return ContainerWord.OUT_OF_MEMORY in (container.word, container.last_word)
    if container.role is not Role.SIDECAR or container.word is not ContainerWord.OUT_OF_MEMORY:
        return False
    if render is None or render.finished_at is None or container.finished_at is None:
        return True
    return container.finished_at <= render.finished_at


def declared_failed(ended: Ended) -> bool:
    """The renderer itself said that it failed for good."""
    return bool(ended.seen.failed)


def guilty_is(role: Role) -> Question:
    """A container beside the renderer failed, and the renderer did not."""
    return of_failures(lambda ended: ended.guilty is not None and ended.guilty.role is role)


def signal_number(exit_code: int | None) -> int:
    """Of an exit code 128 + n, or -n; 0 for what is no signal."""
    if exit_code is None:
        return 0
    number = -exit_code if exit_code < 0 else exit_code - 128
    return number if 0 < number <= SIGNALS else 0


@of_failures
def signalled(ended: Ended) -> bool:
    """It was killed by a signal."""
    return signal_number(ended.seen.exit_code) > 0


@of_failures
def found_damaged(ended: Ended) -> bool:
    """A merge failed, or a check of one, since files of frames are damaged."""
    return bool(ended.seen.bad)


@of_failures
def could_not_save(ended: Ended) -> bool:
    """It failed, and its log says that it could not save a frame."""
    return bool(ended.seen.unsaved)


@of_failures
def exited(ended: Ended) -> bool:
    """With an exit code other than 0."""
    return ended.seen.exit_code not in (None, 0)


def too_fast(ended: Ended) -> bool:
    """It succeeded, and faster than timeouts.minimum."""
    seen, minimum = ended.seen, ended.spec.timeouts.minimum
    if failed(ended) or minimum is None or not seen.started_at or not seen.finished_at:
        return False
    return seconds(ended) < minimum


def seconds(ended: Ended) -> float:
    """How long it ran, at most."""
    seen = ended.seen
    if not seen.started_at or not seen.finished_at:
        return 0.0
    return (seen.finished_at - seen.started_at).total_seconds() + seen.grain


def unsaved(ended: Ended) -> bool:
    """The renderer said that it could not save a frame, whatever its exit code, and no verification follows."""
    seen = ended.seen
    reported = bool(seen.unsaved) and seen.missing is None
    return not failed(ended) and reported and not is_verified_later(ended.spec, ended.attempt, seen)


def without_room(ended: Ended) -> bool:
    """Nothing could be written to where frames lie, says the system, and not all frames are there."""
    return bool(ended.seen.disk) and (failed(ended) or bool(ended.seen.missing))


def without_files(ended: Ended) -> bool:
    """It succeeded, and frames of it do not verify."""
    return not failed(ended) and bool(ended.seen.missing)
