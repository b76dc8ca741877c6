"""What a worker is told: its environment, and `$(NAME)` in its command, the same in a cluster and on a laptop."""

from .command import Workload, chunk_file, command_of, merge_parts, workload_of
from .environment import render_environment
from .expand import expand
from .fence import ROOT, can_be_fenced, fence_name, fence_request, short_hash
from .requests import merge_request, pack, running_request, unpack, verify_request
from .shared import SharedOutputs, volume_place
from .supplied import NOTHING, Supplied, is_reference, key_of, reference_of

__all__ = [
    "NOTHING",
    "ROOT",
    "SharedOutputs",
    "Supplied",
    "Workload",
    "can_be_fenced",
    "chunk_file",
    "command_of",
    "expand",
    "fence_name",
    "fence_request",
    "is_reference",
    "key_of",
    "merge_parts",
    "merge_request",
    "pack",
    "reference_of",
    "render_environment",
    "running_request",
    "short_hash",
    "unpack",
    "verify_request",
    "volume_place",
    "workload_of",
]
