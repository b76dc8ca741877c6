"""`status`: what a user reads. Its size follows the window in flight, never the number of chunks."""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from .base import ApiModel
from .conditions import Condition
from .quantity import Memory

MAX_RETRYING = 100
MAX_FAILURES = 10
MAX_UNVERIFIED = 64
MAX_RANGES = 48 * 1024
"""Characters of a range string in the status."""

MAX_REVISIONS = 8
"""Times that frames were taken back of which each is remembered by itself."""
MAX_REVISED = 1024
"""Characters of the range string of such frames."""

MAX_IMAGE = 512
"""Characters of an image's name."""

MAX_NODES = 100
"""Nodes that are remembered."""
MAX_CHUNK_NODES = 8
"""Nodes that are remembered for a chunk that waits."""
MAX_BESIDE = 8
"""Containers beside the renderer whose memory is remembered."""

NodeName = Annotated[str, Field(max_length=253)]
RangeString = Annotated[str, Field(max_length=MAX_RANGES)]


class State(StrEnum):
    """Where a job is. The last three are terminal."""

    PENDING = "Pending"
    RUNNING = "Running"
    MERGING = "Merging"
    SUSPENDED = "Suspended"
    COMPLETED = "Completed"
    FAILED = "Failed"
    CANCELLED = "Cancelled"

    @property
    def terminal(self) -> bool:
        """Nothing more happens by itself."""
        return self in (State.COMPLETED, State.FAILED, State.CANCELLED)


class FailureClass(StrEnum):
    """Why an attempt ended without success."""

    ERROR = "Error"
    OUT_OF_MEMORY = "OutOfMemory"
    DISRUPTED = "Disrupted"
    BACK_OFF = "BackOff"
    STALLED = "Stalled"
    TIMED_OUT = "TimedOut"
    TOO_FAST = "TooFast"
    NO_OUTPUT = "NoOutput"
    DAMAGED = "Damaged"
    RENDERER = "Renderer"
    CONFIG = "Config"
    NODE = "Node"


class Ledger(ApiModel):
    """Frames as range strings such as 1-412,420, whatever the number of chunks."""

    completed: RangeString = ""
    """Rendered, and verified where output.file allows it."""
    active: RangeString = ""
    """Being rendered now; of very many in separate places the first."""
    unverified: RangeString = ""
    """Rendered, as the renderer says; they count when their files are found."""
    failed: RangeString = ""
    """Given up for this pass."""


class AttemptCounts(ApiModel):
    """How attempts at chunks ended, since the job was made."""

    succeeded: int = 0
    """All frames of the chunk were rendered."""
    failed: int = 0
    """Failures of the attempt's own: all that follow but the last four."""
    error: int = 0
    """An error exit, or a signal."""
    out_of_memory: int = 0
    """Killed for memory."""
    stalled: int = 0
    """Gave no sign of life for timeouts.stall."""
    timed_out: int = 0
    """Took longer than timeouts.chunk."""
    too_fast: int = 0
    """Succeeded faster than timeouts.minimum."""
    no_output: int = 0
    """Succeeded without its frames."""
    damaged: int = 0
    """Left files that the merge found damaged."""
    renderer: int = 0
    """The renderer itself said that it failed for good."""
    config: int = 0
    """Could not start as the manifest says."""
    disrupted: int = 0
    """Lost with their node or process, or not taken by it; free."""
    node: int = 0
    """Could not be started by their node; free."""
    backed_off: int = 0
    """Waited for a resource such as a licence; free."""
    stopped: int = 0
    """Stopped by suspend, cancel or an edit; free."""


class Retrying(ApiModel):
    """Frames that wait for another attempt."""

    frames: RangeString
    """Which."""
    attempts: int
    """Failed attempts so far that count."""
    not_before: datetime
    """When the next may start."""
    failure_class: Annotated[FailureClass, Field(alias="class")]
    """Why the last one failed."""
    memory: Memory | None = None
    """Memory of the next attempt, when it was raised."""
    beside: Annotated[dict[str, Memory], Field(max_length=MAX_BESIDE)] = Field(default_factory=dict)
    """Memory of the containers beside the renderer that ran out of it, by their names."""
    free: Annotated[int, Field(ge=0)] = 0
    """Free failures in a row: the pause grows with them."""
    nodes: Annotated[list[NodeName], Field(max_length=MAX_CHUNK_NODES)] = Field(default_factory=list)
    """Where it failed: the next attempt goes elsewhere, if there is an elsewhere."""
    signature: Annotated[str, Field(max_length=16)] = ""
    """How it failed, without what differs from time to time; the same way on two nodes is final."""
    check_since: datetime | None = None
    """Files that it wrote since then are verified before their frames are rendered again."""
    finished: RangeString = ""
    """Frames that the same attempt had finished, as its log says: the last file that it wrote is whole when it is
    one of them. By the log alone none of them counts."""
    final: bool = False
    """It failed the same way on two nodes: no other attempt, unless the verification finds frames of it."""
    spent: bool = False
    """It has no attempt left: what the verification does not find is split, or given up where `size` is 0."""
    size: int = 0
    """At most so many of them are rendered together: their chunk failed for good and is split, so that only the
    bad frames are lost. 0: as many as a chunk has."""


class Unverified(ApiModel):
    """Frames that were rendered and whose files are not verified yet."""

    frames: RangeString
    """Which."""
    attempts: int
    """Attempts at them so far."""
    node: Annotated[str, Field(max_length=253)] = ""
    """Where they were rendered."""


class NodeRecord(ApiModel):
    """How attempts of this job fared on a node."""

    name: NodeName
    """The node."""
    succeeded: int = 0
    """Attempts that succeeded."""
    failed: int = 0
    """Attempts that failed lately, in a way for which a node may be to blame."""
    last_failure: datetime | None = None
    """When the last of them failed."""
    avoid_until: datetime | None = None
    """It took no pod, or could start none: it gets no chunk until then."""


class StartStatus(ApiModel):
    """Whether what the template asks for can start."""

    digest: Annotated[str, Field(max_length=64)] = ""
    """Of the template that this is about."""
    began: bool = False
    """A renderer began: what can't start from then on is its node's fault."""
    nodes: Annotated[list[NodeName], Field(max_length=MAX_CHUNK_NODES)] = Field(default_factory=list)
    """Nodes that could not start it, before one did."""


class FreeFailures(ApiModel):
    """Failures that cost nothing, and nothing that got done between them."""

    in_a_row: Annotated[int, Field(ge=0)] = 0
    """How many; the next frame that is rendered, or failure that counts, begins anew."""
    last: Annotated[str, Field(max_length=512)] = ""
    """What the last one was."""


class CanaryStatus(ApiModel):
    """The first failures of a job of which nothing has succeeded yet."""

    signature: Annotated[str, Field(max_length=16)] = ""
    """How they failed; empty before the first, and when they differ."""
    failures: int = 0
    """Chunks that failed so at their first attempt."""
    passed: bool = False
    """Something succeeded, or failed in another way: what is broken is not everything."""


class Failure(ApiModel):
    """A failed attempt, for a person."""

    frames: Annotated[str, Field(max_length=256)]
    """What it should have rendered and did not."""
    attempt: int
    """Which attempt at these frames it was."""
    node: Annotated[str, Field(max_length=253)] = ""
    """Where."""
    failure_class: Annotated[FailureClass, Field(alias="class")]
    """Why."""
    exit_code: int | None = None
    """Of the process; 128 + n for signal n."""
    message: Annotated[str, Field(max_length=512)] = ""
    """The log's last line, or our own words."""
    time: datetime
    """When."""


class FrameTime(ApiModel):
    """A frame and how long it took."""

    frame: int
    """The first frame of the chunk that took longest by frame."""
    seconds: float
    """Seconds for one frame."""


class ChunkTime(ApiModel):
    """How long a chunk took."""

    frames: int
    """Frames in it."""
    seconds: float
    """From its start to its end."""
    waited: float = 0.0
    """Before its start: for a node, an image, its volumes."""


class FrameSeconds(ApiModel):
    """How long frames take, over the last chunks that succeeded."""

    p50: float = 0.0
    """Half of them are faster."""
    p90: float = 0.0
    """Nine of ten are faster."""
    startup: float = 0.0
    """Seconds that a chunk takes before its first frame, as far as chunks of different sizes show."""
    slowest: FrameTime | None = None
    """The slowest so far."""
    recent: Annotated[list[ChunkTime], Field(max_length=64)] = Field(default_factory=list)
    """The last chunks, newest last."""


class MergeStatus(ApiModel):
    """The merge stage."""

    attempts: int = 0
    """Failed attempts so far that count."""
    free: Annotated[int, Field(ge=0)] = 0
    """Free failures in a row; many of them count as one that failed."""
    not_before: datetime | None = None
    """When the next may start."""
    merged: Annotated[str, Field(max_length=64)] = ""
    """Digest of the frames and settings that the merged file was made from; empty when one was rendered since."""
    checked: Annotated[str, Field(max_length=64)] = ""
    """Digest of the settings with which the first frames were tried."""
    check_attempts: int = 0
    """Failed tries of the first frames, in a row."""
    check_not_before: datetime | None = None
    """When the next may start."""
    refused: Annotated[str, Field(max_length=64)] = ""
    """Digest of the settings with which the merge failed for good; others are tried."""


class VerifyStatus(ApiModel):
    """The verification of frames by a pod, where the executor can't read the files itself."""

    attempts: int = 0
    """Failed attempts in a row."""
    free: Annotated[int, Field(ge=0)] = 0
    """Free failures in a row; many of them count as one that failed."""
    not_before: datetime | None = None
    """When the next may start."""


class Revision(ApiModel):
    """Frames that counted as rendered and do not any more: they are rendered again."""

    number: Annotated[int, Field(ge=1)]
    """Counts up; of several that are remembered together the last."""
    frames: Annotated[str, Field(max_length=MAX_REVISED)]
    """Which; of very many in separate places all from the first to the last."""


class InputStatus(ApiModel):
    """Another job of spec.dependsOn, as it was when frames were last made from it."""

    name: Annotated[str, Field(max_length=63)]
    """The job."""
    id: Annotated[str, Field(max_length=64)]
    """Its UID."""
    revision: Annotated[int, Field(ge=0)]
    """The number of its last revision that was taken up here."""


class Result(ApiModel):
    """Where to find what was made."""

    output: Annotated[str, Field(max_length=1024)] = ""
    """The directory of the frames."""
    merged: Annotated[str, Field(max_length=2560)] = ""
    """The merged file."""
    missing_frames: RangeString = ""
    """Frames that failed and were tolerated; of very many in separate places the first."""


IN_FLIGHT_PATTERN = (
    r"^[0-9]+ (m|v|t|l|[0-9]+)\.[0-9]+ [-0-9x,]*( memory=[0-9]+)?( digest=[0-9a-f]+)?( lost=[0-9]+)?"
    r"( began=[0-9]+)?( looked=[0-9]+)?( wrote=[0-9]+)?( there=[0-9]+)?( beside=[-0-9x,]+)?"
    r"( nodes=[-a-z0-9.,]+)?( signature=[0-9a-f]+)?"
    r"( others=[-a-z0-9:,]+)?( free=[0-9]+)?( stop=[A-Za-z]+)?$"
)
InFlightText = Annotated[str, Field(max_length=MAX_RANGES, pattern=IN_FLIGHT_PATTERN)]

NEVER_SEEN = -1


class RenderJobStatus(ApiModel):
    """What is known of a job. Written by one writer only."""

    observed_generation: int = NEVER_SEEN
    """The generation of the spec that this status speaks of; -1 before the first reconciliation."""
    id: Annotated[str, Field(max_length=64)] = ""
    """The job's id: the UID of the resource."""
    state: State = State.PENDING
    """Where the job is."""
    progress: Annotated[int, Field(ge=0, le=100)] = 0
    """Percent, weighted by frames. Never falls unless the frames asked for change."""
    total_frames: int = 0
    """Frames asked for."""
    completed_frames: int = 0
    """Of these, rendered."""
    frames_shown: Annotated[str, Field(max_length=32)] = ""
    """completedFrames/totalFrames such as 98/240, for `kubectl get`."""
    total_chunks: int = 0
    """Chunks that the frames asked for are cut into."""
    completed_chunks: int = 0
    """Of these, wholly rendered."""
    chunks_shown: Annotated[str, Field(max_length=32)] = ""
    """completedChunks/totalChunks such as 9/24, for `kubectl get`."""
    active: int = 0
    """Chunks being rendered now."""
    frames: Ledger = Field(default_factory=Ledger)
    """Which frames are where."""
    digest: Annotated[str, Field(max_length=64)] = ""
    """What the completed frames were rendered with."""
    attempts: AttemptCounts = Field(default_factory=AttemptCounts)
    """How attempts ended."""
    in_flight: Annotated[list[InFlightText], Field(max_length=1100)] = Field(default_factory=list)
    """Attempts that may be running, written down before they start: `id chunk.attempt frames`."""
    next_attempt: int = 1
    """The id of the next attempt; ids are never used twice."""
    retrying: Annotated[list[Retrying], Field(max_length=MAX_RETRYING + 16)] = Field(default_factory=list)
    """What waits for another attempt."""
    unverified: Annotated[list[Unverified], Field(max_length=MAX_UNVERIFIED)] = Field(default_factory=list)
    """Frames whose files are to be verified, by the number of attempts at them and the node."""
    failures: Annotated[list[Failure], Field(max_length=MAX_FAILURES)] = Field(default_factory=list)
    """The last ten failures."""
    nodes: Annotated[list[NodeRecord], Field(max_length=MAX_NODES)] = Field(default_factory=list)
    """How attempts fared on each node."""
    avoided_nodes: Annotated[list[NodeName], Field(max_length=MAX_NODES)] = Field(default_factory=list)
    """Nodes that get no chunk of this job for a while."""
    canary: CanaryStatus = Field(default_factory=CanaryStatus)
    """Whether the first chunks fail alike."""
    start: StartStatus = Field(default_factory=StartStatus)
    """Whether what the template asks for can start."""
    free_failures: FreeFailures = Field(default_factory=FreeFailures)
    """Whether nothing happens but failures that cost nothing."""
    learned_memory: Memory | None = None
    """What worked after chunks ran out of memory; chunks that start get it from the beginning."""
    learned_beside: Annotated[dict[str, Memory], Field(max_length=MAX_BESIDE)] = Field(default_factory=dict)
    """The same for containers beside the renderer, by their names."""
    barren: int = 0
    """Parts of split chunks that failed in a row, without any frame rendered meanwhile."""
    passes: int = 0
    """Whole passes spent on what failed (retries.perJob)."""
    backoff_until: datetime | None = None
    """Until then the whole job waits for a resource."""
    disk_full: Annotated[str, Field(max_length=512)] = ""
    """Why nothing can be written to where frames lie, in the words of the system, while the job waits for that."""
    backoffs: int = 0
    """Waits for a resource in a row."""
    observed_retry: int = 0
    """The spec.retry that was acted on last."""
    observed_rerender: int = 0
    """The spec.rerender.request that was acted on last."""
    fatal: Annotated[str, Field(max_length=1024)] = ""
    """Why the job is lost, once it is; nothing more is started."""
    fatal_reason: Annotated[str, Field(max_length=64)] = ""
    """The same in one word."""
    revisions: Annotated[list[Revision], Field(max_length=MAX_REVISIONS)] = Field(default_factory=list)
    """Frames that are rendered again, so that jobs that depend on this one know what is outdated in them."""
    inputs: Annotated[list[InputStatus], Field(max_length=16)] = Field(default_factory=list)
    """The jobs of spec.dependsOn, with what of their revisions was taken up."""
    verify: VerifyStatus = Field(default_factory=VerifyStatus)
    """The verification."""
    merge: MergeStatus = Field(default_factory=MergeStatus)
    """The merge stage."""
    frame_seconds: FrameSeconds = Field(default_factory=FrameSeconds)
    """How long frames take."""
    estimated_completion: datetime | None = None
    """When it should be done, from the frame times so far."""
    estimated_completion_p90: datetime | None = None
    """When it should be done if frames take as long as the slowest tenth of them did."""
    eta_shown: Annotated[str, Field(max_length=32)] = ""
    """The time from updatedAt to estimatedCompletion such as 6m, for `kubectl get`."""
    helper_image: Annotated[str, Field(max_length=MAX_IMAGE)] = ""
    """The image of the operator's own pods: merges, verifications, and what `renderjob preview` starts."""
    error: Annotated[str, Field(max_length=1024)] = ""
    """One sentence for a person, empty when all is well."""
    result: Result = Field(default_factory=Result)
    """Where to find what was made."""
    created_at: datetime | None = None
    """When the job was first seen."""
    started_at: datetime | None = None
    """When the first attempt started."""
    active_since: datetime | None = None
    """Since when timeouts.job counts: the start, or the last resume or retry, and as much later as was spent in a
    queue since."""
    queued_since: datetime | None = None
    """Since when all that is in flight waits in a queue, such as Kueue's; timeouts.job does not run meanwhile."""
    updated_at: datetime | None = None
    """When this status last changed."""
    completed_at: datetime | None = None
    """When the job reached a terminal state."""
    conditions: Annotated[
        list[Condition],
        Field(
            max_length=16,
            json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
        ),
    ] = Field(default_factory=list)
    """For programs: Ready, Reconciling, Stalled, Complete, Failed, Suspended."""


IN_FLIGHT = re.compile(IN_FLIGHT_PATTERN)
