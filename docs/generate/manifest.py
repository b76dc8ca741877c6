"""docs/manifest.md: every field of `spec`."""

from __future__ import annotations

from pathlib import Path

from definition import part
from fields import POD_TEMPLATE, leaves, sections
from markdown import GENERATED, code, table

from renderjob.api import MAX_FRAMES
from renderjob.frames import FrameSet, parse_expression
from renderjob.manifest import load_file
from renderjob.workload import render_environment

EXAMPLE = Path(__file__).parents[2] / "examples" / "shot" / "renderjob.yaml"

_EXPRESSIONS = ("1-240", "1-10x3", "1-10y3", "1-10:3", "1-3,7,9-10", "-2-2", "5-1")

_VALUES = (
    ("frames", "Frame numbers and ranges; see [below](#frames)."),
    ("duration", "`500ms`, `10s`, `5m`, `1h30m`, `2d`; a number with a unit, or several."),
    ("memory", "`512Mi`, `8Gi`, `2G`, or a number of bytes."),
    ("count or percentage", "`3`, or `1%` of the frames asked for."),
    ("frame rate", "`24`, `29.97`, `30000/1001`."),
    ("exit codes, ranges", "`33`, `64-78`."),
)

_TOLD = {
    "RENDER_START": "The first frame of the chunk.",
    "RENDER_END": "Its last frame, which is rendered too.",
    "RENDER_STEP": "The step between its frames; 1 when they are no progression.",
    "RENDER_FRAMES": "Its frames as ranges: true in every case.",
    "RENDER_FRAME_COUNT": "How many frames it has.",
    "RENDER_CHUNK": "The chunk's number, from 0.",
    "RENDER_CHUNKS": "How many chunks the job has.",
    "RENDER_ATTEMPT": "Which attempt at these frames this is, from 1.",
    "RENDER_OUTPUT": "`output.path`; in a local run a directory of the attempt's own below where that lies here, "
    "whose frames are moved up when they verify.",
    "RENDER_JOB": "`metadata.name`.",
    "RENDER_JOB_UID": "The id of the job: never the same for two, whatever their names.",
    "RENDER_NAMESPACE": "`metadata.namespace`.",
}


def page() -> str:
    """The whole page."""
    return "\n\n".join([GENERATED, *_beginning(), *sections(part("spec"), "spec"), *_end()]) + "\n"


def _beginning() -> list[str]:
    return [
        "# The manifest",
        "What a user writes. `renderjob validate FILE` says what is wrong with one, field by field, and "
        "`renderjob plan FILE` what it would do; neither starts anything. In a cluster "
        "`kubectl explain renderjob.spec` tells the same as this page.",
        f"```yaml\n{EXAMPLE.read_text(encoding='utf-8').strip()}\n```",
        "`metadata.name` is at most 63 characters long: lower-case letters, digits, `-` and `.`. Labels and "
        "annotations are kept as they are. Fields that are not known are refused.",
        "## Values",
        table(["Type", "Is written as"], _VALUES),
        "## Frames",
        f"At most {MAX_FRAMES:,} frames. A status shows frames in the second form, which is also read.",
        table(["Expression", "Means", "Frames"], [_expression(text) for text in _EXPRESSIONS]),
        "In which order they are rendered is not told by the expression but by `chunks.order`.",
    ]


def _expression(text: str) -> list[str]:
    frames = parse_expression(text, MAX_FRAMES)
    return [code(text), code(frames), str(len(frames))]


def _end() -> list[str]:
    [job] = load_file(EXAMPLE)
    names = render_environment(job, FrameSet([1]), chunk=0, chunks=1, attempt=1, output="/")
    read = [
        [code(path), field["description"]]
        for path, field in leaves(part("spec")["properties"]["template"], "")
    ]
    return [
        f"## {POD_TEMPLATE}",
        "`spec.template` and `spec.merge.template` are Kubernetes' own PodTemplateSpec, as in a Job. Everything "
        "in it is handed on; this is what RenderJob itself reads. Nothing has to be installed in the image.",
        table(["Field", "Meaning"], read),
        "### What the container is told",
        table(["Variable", "Meaning"], [[code(name), _TOLD[name]] for name in names]),
        "`$(NAME)` in `command`, `args` and the values of `env` is replaced by the variable of that name, as "
        "Kubernetes does it, in local runs too: `$$(NAME)` stands for `$(NAME)` itself, and an unknown name stays "
        "as it is. A local run gives a renderer no other variables than these, those that the manifest names, and "
        "`PATH`, `HOME`, `TMPDIR` and `LANG`.",
    ]
