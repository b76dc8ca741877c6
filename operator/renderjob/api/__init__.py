"""The API: what a user writes (`spec`) and reads (`status`), as pydantic models, one module per concern."""

from .chunks import ChunksSpec, ExplicitChunk, Order
from .conditions import Condition, ConditionType
from .depends import DependencySpec, Wanted
from .event_reasons import EventReason
from .frames import MAX_FRAMES, frames_of
from .merge import FFmpegMerge, MergeSpec
from .meta import ObjectMeta
from .output import OutputCheck, OutputSpec
from .preview import Approval, PreviewSpec
from .reasons import Reason, WaitReason
from .renderjob import API_VERSION, GROUP, KIND, VERSION, RenderJob
from .rerender import RerenderSpec
from .retries import BackoffSpec, MemoryGrowth, OnFailure, RetriesSpec, Rule, RuleAction
from .spec import OnEdit, RenderJobSpec
from .status import (
    AttemptCounts,
    CanaryStatus,
    ChunkTime,
    Failure,
    FailureClass,
    FrameSeconds,
    FrameTime,
    FreeFailures,
    InputStatus,
    Ledger,
    MergeStatus,
    NodeRecord,
    RenderJobStatus,
    Result,
    Retrying,
    Revision,
    StartStatus,
    State,
    Unverified,
    VerifyStatus,
)
from .template import Container, PodTemplate

__all__ = [
    "API_VERSION",
    "GROUP",
    "KIND",
    "MAX_FRAMES",
    "VERSION",
    "Approval",
    "AttemptCounts",
    "BackoffSpec",
    "CanaryStatus",
    "ChunkTime",
    "ChunksSpec",
    "Condition",
    "ConditionType",
    "Container",
    "DependencySpec",
    "EventReason",
    "ExplicitChunk",
    "FFmpegMerge",
    "Failure",
    "FailureClass",
    "FrameSeconds",
    "FrameTime",
    "FreeFailures",
    "InputStatus",
    "Ledger",
    "MemoryGrowth",
    "MergeSpec",
    "MergeStatus",
    "NodeRecord",
    "ObjectMeta",
    "OnEdit",
    "OnFailure",
    "Order",
    "OutputCheck",
    "OutputSpec",
    "PodTemplate",
    "PreviewSpec",
    "Reason",
    "RenderJob",
    "RenderJobSpec",
    "RenderJobStatus",
    "RerenderSpec",
    "Result",
    "RetriesSpec",
    "Retrying",
    "Revision",
    "Rule",
    "RuleAction",
    "StartStatus",
    "State",
    "Unverified",
    "VerifyStatus",
    "WaitReason",
    "Wanted",
    "frames_of",
]
