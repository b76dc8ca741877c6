"""What each class of failure is, in one table: its counter, its words, whom it blames, what it costs, what to do.

A class that is added to `FailureClass` gets a row here and a counter in `AttemptCounts`; all that asks about classes
(retries, nodes, splitting, the live view, metrics, the docs) asks this table. What an attempt comes to in particular
says the row of `TABLE` that fits it, whose cost is in keeping with its class.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from renderjob.api import FailureClass

from .verdict import Blame


@dataclass(frozen=True, slots=True)
class ClassFacts:
    """What is so of all failures of a class."""

    counter: str
    """The field of status.attempts in which they are counted."""
    words: tuple[str, str]
    """What happened to one frame, and to several: `frames 1-10 ran out of memory`."""
    blames: Blame
    """Whom they blame, where no more than the class is known; else their row says it."""
    happened: str
    """What happened, for the docs."""
    advice: str
    """What to do, for the docs."""
    free: bool = False
    """They spend no retry, and are never why frames are given up."""
    final: bool = False
    """The same attempt would fail again: none follows."""
    warns: bool = True
    """Their events are warnings; the others belong to the daily life of a cluster."""
    splits: bool = True
    """Of frames that failed so for good, parts may succeed."""


FAILURE_CLASSES: Final[Mapping[FailureClass, ClassFacts]] = {
    FailureClass.ERROR: ClassFacts(
        counter="error",
        words=("failed", "failed"),
        blames=Blame.RENDERER,
        happened="The renderer ended with an error or by a signal, or a container beside it did, or it was evicted for "
        "what it used itself; the message is its log's last line, or says which signal, container or limit it "
        "was.",
        advice="Read the log. For an exit code or a line with a meaning, write a rule.",
    ),
    FailureClass.OUT_OF_MEMORY: ClassFacts(
        counter="out_of_memory",
        words=("ran out of memory", "ran out of memory"),
        blames=Blame.FRAMES,
        happened="It was killed for memory, by the kubelet's word (`OOMKilled`): the renderer, or the container that "
        "the message names, which then gets more itself.",
        advice="Set `retries.memory.max`: the next attempt gets `factor` times as much. Or raise the limit. A node "
        "that is very busy may miss that word and say only exit code 137, which is an `Error`: the rule "
        "`{exitCodes: [137], action: RaiseMemory}` takes it for memory.",
    ),
    FailureClass.NO_OUTPUT: ClassFacts(
        counter="no_output",
        words=("left no output", "left no output"),
        blames=Blame.RENDERER,
        happened="It ended well, but its frames are not there or smaller than `output.minBytes`.",
        advice="Compare `output.path` and `output.file` with where the renderer writes. Locally: is there a "
        "`--mount` for that path?",
    ),
    FailureClass.DAMAGED: ClassFacts(
        counter="damaged",
        words=("left a damaged file", "left damaged files"),
        blames=Blame.RENDERER,
        happened="Its frames' files are there and large enough, and the built-in merge, or its check at the first "
        "frames, can't read them, or finds that they do not go with the others. They are rendered again, at the cost "
        "of `merge.retries`.",
        advice="The message names the frames and says what is wrong with them. `output.check: Decode` finds what can't "
        "be read as soon as it is rendered.",
    ),
    FailureClass.TOO_FAST: ClassFacts(
        counter="too_fast",
        words=("ended too fast", "ended too fast"),
        blames=Blame.RENDERER,
        happened="It ended well, but in less than `timeouts.minimum`.",
        advice="Mostly a scene that is not found, by a renderer that does not mind. Read the log.",
        splits=False,
    ),
    FailureClass.STALLED: ClassFacts(
        counter="stalled",
        words=("stalled", "stalled"),
        blames=Blame.RENDERER,
        happened="It gave no frame, no percent, no output and no file (`output.file`) for `timeouts.stall`.",
        advice="Raise it above the slowest frame's time, or let the renderer print more.",
    ),
    FailureClass.TIMED_OUT: ClassFacts(
        counter="timed_out",
        words=("took too long", "took too long"),
        blames=Blame.RENDERER,
        happened="It took longer than `timeouts.chunk`.",
        advice="Raise it, or make chunks smaller.",
    ),
    FailureClass.RENDERER: ClassFacts(
        counter="renderer",
        words=("failed, says the renderer", "failed, says the renderer"),
        blames=Blame.FRAMES,
        happened="The renderer itself said that it failed for good (`openjd_fail:`, or `fail` of a pattern of your "
        "own).",
        advice="Its message says what is wrong.",
        final=True,
    ),
    FailureClass.CONFIG: ClassFacts(
        counter="config",
        words=("can't start", "can't start"),
        blames=Blame.MANIFEST,
        happened="It can't start as the manifest says: no such program, a directory that can't be made, an image or a "
        "secret that is missing. In a cluster two nodes have said so, or the only one there is, twice, and no "
        "renderer has begun anywhere.",
        advice="Correct the manifest. A local run uses programs of this machine, not the image.",
        final=True,
        splits=False,
    ),
    FailureClass.BACK_OFF: ClassFacts(
        counter="backed_off",
        words=("waits for a resource", "wait for a resource"),
        blames=Blame.NOBODY,
        happened="A rule with `BackOff` fitted: a licence, say, is not to be had. Or nothing can be written to where "
        "frames lie.",
        advice="The whole job waits, then goes on by itself.",
        free=True,
    ),
    FailureClass.NODE: ClassFacts(
        counter="node",
        words=("can't start on this node", "can't start on this node"),
        blames=Blame.NODE,
        happened="Its node could not start it: a driver, a mount, a device, an image that can't be pulled there.",
        advice="Nothing, if other nodes can: it runs again elsewhere, and that node gets no chunk of the job for ten "
        "minutes. Else look at the node.",
        free=True,
        warns=False,
    ),
    FailureClass.DISRUPTED: ClassFacts(
        counter="disrupted",
        words=("was interrupted", "were interrupted"),
        blames=Blame.CLUSTER,
        happened="It was lost with its node, its pod or the process that ran it; or the kubelet did not take it, since "
        "its node had no room after all; or a rule with `Ignore` fitted.",
        advice="Nothing: it runs again.",
        free=True,
        warns=False,
    ),
}
"""In the order of the docs."""
