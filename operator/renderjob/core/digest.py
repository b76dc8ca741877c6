"""The digest of what a frame is rendered with: an edit that can change a pixel changes it, no other does."""

from __future__ import annotations

import hashlib
import json
import weakref
from typing import Any

from renderjob.api import Container, OutputSpec, RenderJobSpec
from renderjob.frames import FrameSet

LENGTH = 16

_MOST = 1024
_known: dict[int, tuple[weakref.ref[RenderJobSpec], str]] = {}
"""Digests of specs that were asked for before: a spec never changes, and every decision asks."""


def render_digest(spec: RenderJobSpec) -> str:
    """Hexadecimal digest of the image, command, environment, volumes and output, and of listed commands.

    Resources, node selection, labels, parallelism, retries and order do not count. The size of chunks counts
    only where a chunk is one file.
    """
    known = _known.get(id(spec))
    if known is not None and known[0]() is spec:
        return known[1]
    digest = _render_digest(spec)
    if len(_known) >= _MOST:
        _known.clear()
    _known[id(spec)] = weakref.ref(spec), digest
    return digest


def _render_digest(spec: RenderJobSpec) -> str:
    output = spec.output
    parts: dict[str, Any] = {
        "container": _container(spec.template.container),
        "volumes": sorted(str(volume.get("name", "")) for volume in spec.template.spec.volumes),
        "output": _output(output) if output else None,
    }
    if spec.chunks.explicit is not None:
        parts["explicit"] = [[c.frames, c.command, c.args, c.output] for c in spec.chunks.explicit]
    elif output and output.chunk_file:
        parts["size"] = spec.chunk_size
    return _hash(parts)


def _output(output: OutputSpec) -> list[Any]:
    # Jobs of before there were several files keep their digest.
    return [output.path, output.file, output.chunk_file, *([output.files] if output.files else [])]


def merge_digest(spec: RenderJobSpec, digest: str, completed: FrameSet, failed: FrameSet) -> str:
    """Hexadecimal digest of what a merge is made from: frames, what they were rendered with, its settings."""
    merge = spec.merge
    settings: Any = None
    if merge is not None and merge.ffmpeg is not None:
        settings = merge.ffmpeg.to_wire()
    elif merge is not None and merge.template is not None:
        settings = [_container(merge.template.container), merge.output]
    return _hash([digest, str(completed), str(failed), settings])


def _container(container: Container) -> list[Any]:
    return [
        container.image,
        container.command,
        container.args,
        [variable.to_wire() for variable in container.env],
        container.working_dir,
        [[mount.name, mount.mount_path] for mount in container.volume_mounts],
    ]


def _hash(parts: Any) -> str:
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:LENGTH]
