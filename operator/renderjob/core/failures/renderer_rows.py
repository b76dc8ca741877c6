"""Rows for how renderers, and the containers beside them, end by themselves: memory, signals, exit codes, files."""

from __future__ import annotations

from typing import Final

from renderjob.api import FailureClass
from renderjob.core.evidence import Role

from . import messages, predicates
from .row import Row
from .verdict import Blame, Cost, Ended, Remedy


def _beside(ended: Ended) -> str:
    return ended.guilty.name if ended.guilty is not None and ended.guilty.role is not Role.RENDER else ""


def _sidecar(ended: Ended) -> str:
    sidecar = predicates.sidecar_out_of_memory(ended)
    return sidecar.name if sidecar is not None else ""


RENDERER_ROWS: Final[tuple[Row, ...]] = (
    Row(
        name="OutOfMemory",
        when="the renderer was killed at its memory limit (`OOMKilled`; on a laptop by our own measuring, or the "
        "kernel's count)",
        reason="more memory helps, where `retries.memory.max` allows it: then it spends no retry",
        fits=predicates.out_of_memory(Role.RENDER),
        failure_class=FailureClass.OUT_OF_MEMORY,
        blames=Blame.FRAMES,
        cost=Cost.RETRY,
        message=messages.of_memory,
        remedy=Remedy.MEMORY,
        adds_last_line=True,
    ),
    Row(
        name="SidecarOutOfMemory",
        when="a container beside the renderer was killed at its memory limit, and the renderer did not fail",
        reason="the next attempt has more memory for that container, if the template gives it a limit; the renderer "
        "keeps its own. It is charged like any other: the container may not have done its part",
        fits=predicates.out_of_memory(Role.SIDECAR),
        failure_class=FailureClass.OUT_OF_MEMORY,
        blames=Blame.MANIFEST,
        cost=Cost.RETRY,
        message=messages.of_memory,
        remedy=Remedy.MEMORY,
        container=_beside,
    ),
    Row(
        name="InitOutOfMemory",
        when="an init container was killed at its memory limit",
        reason="as that of a container beside the renderer: it gets more itself",
        fits=predicates.out_of_memory(Role.INIT),
        failure_class=FailureClass.OUT_OF_MEMORY,
        blames=Blame.MANIFEST,
        cost=Cost.RETRY,
        message=messages.of_memory,
        remedy=Remedy.MEMORY,
        container=_beside,
    ),
    Row(
        name="FailedBesideOutOfMemory",
        when="the renderer failed, and a container beside it, a sidecar of either kind, had been killed at its memory "
        "limit before that",
        reason="a renderer fails whose proxy or licence daemon is gone: the sidecar gets more memory, and is named",
        fits=predicates.failed_beside_out_of_memory,
        failure_class=FailureClass.OUT_OF_MEMORY,
        blames=Blame.MANIFEST,
        cost=Cost.RETRY,
        message=messages.beside_memory,
        remedy=Remedy.MEMORY,
        container=_sidecar,
        adds_last_line=True,
    ),
    Row(
        name="Renderer",
        when="the renderer itself said that it failed for good (`openjd_fail:`, or `fail` of a pattern)",
        reason="its word counts whatever its exit code: another attempt would say the same",
        fits=predicates.declared_failed,
        failure_class=FailureClass.RENDERER,
        blames=Blame.FRAMES,
        cost=Cost.FAIL_CHUNK,
        message=messages.of_renderer,
    ),
    Row(
        name="InitFailed",
        when="an init container ended with an error",
        reason="the renderer never began; the message has the container's name",
        fits=predicates.guilty_is(Role.INIT),
        failure_class=FailureClass.ERROR,
        blames=Blame.RENDERER,
        cost=Cost.RETRY,
        message=messages.of_container,
    ),
    Row(
        name="SidecarFailed",
        when="the renderer ended well, and a container beside it with an error",
        reason="it may not have done its part, an upload say, so it is charged; the message has its name. Where files "
        "tell, frames that are there are not rendered again",
        fits=predicates.guilty_is(Role.SIDECAR),
        failure_class=FailureClass.ERROR,
        blames=Blame.RENDERER,
        cost=Cost.RETRY,
        message=messages.of_container,
    ),
    Row(
        name="Damaged",
        when="a merge, or a check of it, failed, and named frames whose files it can't use",
        reason="it is these frames that are rendered again, and counted so: the merge itself did its part",
        fits=predicates.found_damaged,
        failure_class=FailureClass.DAMAGED,
        blames=Blame.RENDERER,
        cost=Cost.RETRY,
        message=messages.of_merge,
    ),
    Row(
        name="Signal",
        when="the renderer was killed by a signal (exit code 128 + n)",
        reason="what it printed before is no reason for that: the signal is named, and the last line is told beside it",
        fits=predicates.signalled,
        failure_class=FailureClass.ERROR,
        blames=Blame.RENDERER,
        cost=Cost.RETRY,
        message=messages.by_itself,
        adds_last_line=True,
        bare=True,
    ),
    Row(
        name="NotSaved",
        when="it failed, and had said that it could not save a frame (no space left, not permitted)",
        reason="a disk may have room again: a retry like any other, with the renderer's own words",
        fits=predicates.could_not_save,
        failure_class=FailureClass.ERROR,
        blames=Blame.RENDERER,
        cost=Cost.RETRY,
        message=messages.not_saved,
    ),
    Row(
        name="ExitCode",
        when="the renderer ended with an error",
        reason="what the code means, only its log says: its last line is what is told, beside the code",
        fits=predicates.exited,
        failure_class=FailureClass.ERROR,
        blames=Blame.RENDERER,
        cost=Cost.RETRY,
        message=messages.by_exit,
    ),
    Row(
        name="NoExitCode",
        when="it failed without an exit code, or with one of 0 and with frames that could not be taken over",
        reason="the last line of its log is by who found what is wrong",
        fits=predicates.failed,
        failure_class=FailureClass.ERROR,
        blames=Blame.RENDERER,
        cost=Cost.RETRY,
        message=messages.by_itself,
    ),
    Row(
        name="TooFast",
        when="it ended well, but in less than `timeouts.minimum`",
        reason="whoever sets a minimum knows that nothing is rendered in less",
        fits=predicates.too_fast,
        failure_class=FailureClass.TOO_FAST,
        blames=Blame.RENDERER,
        cost=Cost.RETRY,
        message=messages.too_fast,
        adds_last_line=True,
    ),
    Row(
        name="EndedUnsaved",
        when="it ended well, but had said that it could not save a frame, and no file can tell",
        reason="some renderers exit with 0 all the same",
        fits=predicates.unsaved,
        failure_class=FailureClass.NO_OUTPUT,
        blames=Blame.RENDERER,
        cost=Cost.RETRY,
        message=messages.ended_unsaved,
    ),
    Row(
        name="NoOutput",
        when="it ended well, and frames of it are not there, or are too small",
        reason="files outvote what was printed, and the exit code 0, too",
        fits=predicates.without_files,
        failure_class=FailureClass.NO_OUTPUT,
        blames=Blame.RENDERER,
        cost=Cost.RETRY,
        message=messages.no_output,
        adds_last_line=True,
    ),
)
