"""A plan as text for a person, and as JSON for a program."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from renderjob.api import Order, RenderJobSpec, Wanted
from renderjob.cli.text import count, named, shortened

from .plan import Plan, PlannedChunk, approval_words, size_words
from .warnings import plan_warnings

_FIRST, _LAST = 5, 2
_COMMANDS = 2


def as_text(plan: Plan, *, everything: bool) -> str:
    """The plan in words."""
    return "\n".join(_lines(plan, everything))


def _lines(plan: Plan, everything: bool) -> Iterator[str]:
    spec = plan.job.spec
    pairs = [
        ("Job", plan.job.key),
        ("Frames", f"{len(plan.frames)} ({shortened(str(plan.frames), 60)})"),
        ("Chunks", f"{plan.count}, {size_words(spec)}{_starts(plan)}"),
        ("Order", _order(plan)),
        ("Parallelism", f"{count(_at_a_time(spec), 'chunk')} at a time"),
        ("Depends on", _depends(spec)),
        ("Preview", approval_words(spec)),
        ("Output", _output(plan)),
        ("Merge", plan.merge),
        ("Digest", plan.digest),
    ]
    yield from (f"{label + ':':<13}{text}" for label, text in pairs if text)
    yield ""
    yield ("Chunks in the order of their start:" if not _parts(plan) else "What is started, in order:")
    yield from _chunk_lines(plan.chunks, everything)
    yield ""
    shown = plan.chunks if everything else plan.chunks[:_COMMANDS]
    yield "Commands:" if len(shown) == len(plan.chunks) else f"The first {count(len(shown), 'command')}:"
    yield from (f"  {chunk.shell}" for chunk in shown)
    warnings = plan_warnings(plan)
    if warnings:
        yield ""
        yield "Notes:"
        yield from (f"  - {warning}" for warning in warnings)


def _at_a_time(spec: RenderJobSpec) -> int:
    return min(1, spec.parallelism) if spec.chunks.order is Order.SEQUENTIAL else spec.parallelism


def _starts(plan: Plan) -> str:
    """A preview takes parts of chunks before the rest of them."""
    if plan.cut:
        return f"; the first {len(plan.chunks)} of them are shown"
    return f"; {count(plan.starts, 'start')}, since the preview's frames come first" if _parts(plan) else ""


def _parts(plan: Plan) -> bool:
    return plan.starts != plan.count


def _depends(spec: RenderJobSpec) -> str:
    """What has to be rendered before."""
    return "; ".join(
        f"{other.name} (all of it first)"
        if other.frames is Wanted.ALL
        else f"{other.name} (a chunk starts when its frames are there)"
        for other in spec.depends_on
    )


def _order(plan: Plan) -> str:
    chunks = plan.job.spec.chunks
    order = chunks.order.value
    if order == "Sequential":
        return "Sequential (each chunk when the one before is whole)"
    return f"{order} (every {chunks.stride}th chunk first)" if order == "Stride" else order


def _output(plan: Plan) -> str:
    if plan.output is None:
        return ""
    files = plan.files()
    if not files:
        return str(plan.output)
    names = files[0] if len(files) == 1 else f"{files[0]} … {files[-1]}"
    return f"{plan.output}: {count(len(files), 'file')}, {names}"


def _chunk_lines(chunks: Sequence[PlannedChunk], everything: bool) -> Iterator[str]:
    few = everything or len(chunks) <= _FIRST + _LAST + 1
    first, last = (chunks, ()) if few else (chunks[:_FIRST], chunks[-_LAST:])
    yield from map(_chunk_line, first)
    if last:
        yield f"  … {len(chunks) - len(first) - len(last)} more (--all shows them)"
        yield from map(_chunk_line, last)


def _chunk_line(chunk: PlannedChunk) -> str:
    file = f"  → {chunk.file}" if chunk.file else ""
    return f"  {chunk.number:>5}  {named(str(chunk.frames), most=50)} ({len(chunk.frames)}){file}"


def as_json(plan: Plan, *, everything: bool) -> str:
    """The plan for a program: all chunks with `everything`, else the first few."""
    spec = plan.job.spec
    files = plan.files()
    chunks = plan.chunks if everything else plan.chunks[:_FIRST]
    data: dict[str, Any] = {
        "name": plan.job.metadata.name,
        "namespace": plan.job.metadata.namespace,
        "frames": {"count": len(plan.frames), "range": str(plan.frames)},
        "chunks": {
            "count": plan.count,
            "starts": plan.starts,
            "shown": len(chunks),
            "items": [_chunk_data(chunk) for chunk in chunks],
        },
        "order": spec.chunks.order.value,
        "parallelism": spec.parallelism,
        "preview": approval_words(spec),
        "output": {
            "directory": str(plan.output) if plan.output else "",
            "count": len(files),
            "files": files if everything else [*files[:_FIRST], *files[_FIRST:][-_LAST:]],
        },
        "merge": plan.merge,
        "digest": plan.digest,
        "warnings": plan_warnings(plan),
    }
    return json.dumps(data, indent=2, ensure_ascii=False)


def _chunk_data(chunk: PlannedChunk) -> dict[str, Any]:
    data: dict[str, Any] = {
        "number": chunk.number,
        "frames": str(chunk.frames),
        "count": len(chunk.frames),
        "command": list(chunk.argv),
        "shell": chunk.shell,
        "directory": str(chunk.directory),
    }
    return data | ({"file": chunk.file} if chunk.file else {})
