"""What a worker is told: its environment, and `$(NAME)` in its command, the same in a cluster and on a laptop."""

from .command import Workload, chunk_file, command_of, merge_parts, workload_of
from .environment import render_environment
from .expand import expand
from .requests import merge_request, pack, unpack, verify_request

__all__ = [
    "Workload",
    "chunk_file",
    "command_of",
    "expand",
    "merge_parts",
    "merge_request",
    "pack",
    "render_environment",
    "unpack",
    "verify_request",
    "workload_of",
]
