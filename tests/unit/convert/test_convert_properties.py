"""Whatever a JobSpec says, each of its chunks keeps its command and its file."""

from __future__ import annotations

import posixpath
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from renderjob.api import RenderJob, frames_of
from renderjob.convert import convert_jobspec
from renderjob.convert.words import escaped, words_of
from renderjob.manifest import dump_manifest, load_manifests
from renderjob.planning import layout_of
from renderjob.workload import chunk_file, expand, workload_of

# Pieces of commands: numbers in all the forms that occur, and what expansion could trip over.
NUMBERS = ["{s}", "{e}", "{x}", "{n}", "{i}", "{s:04d}", "{e:02d}", "10", "0"]
DOLLARS = ["$", "$$", "$(RENDER_START)", "$(", "$(X)"]
OTHERS = [")", "(", "-", " ", "a", "x.mp4", "/out/", "'", "|", "\n", "ü"]
PIECES = st.sampled_from([*NUMBERS, *DOLLARS, *OTHERS])
WORDS = st.lists(st.lists(PIECES, min_size=1, max_size=6).map("".join), min_size=1, max_size=6)
OUTPUTS = st.sampled_from(
    [
        None,
        "/out/{i}.mov",
        "/out/{s}-{e}.mov",
        "/out/a/{s:04d}",
        "rel/{x}.mkv",
        "{n}-{s}",
        "/o$/$$(A){i}",
        "/a b/{e}'s",
    ]
)


@st.composite
def jobspecs(draw: st.DrawFn) -> dict[str, Any]:
    start = draw(st.integers(-30, 1200))
    counts = draw(
        st.one_of(
            st.lists(st.integers(1, 12), min_size=1, max_size=6),
            # Equal chunks, the last one shorter: what a template can say.
            st.builds(
                lambda size, many, rest: [size] * many + ([rest] if rest < size else []),
                st.integers(1, 12),
                st.integers(1, 6),
                st.integers(1, 12),
            ),
        )
    )
    words, output = draw(WORDS), draw(OUTPUTS)
    gap = draw(st.sampled_from([0, 0, 0, 3]))
    chunks = []
    for number, count in enumerate(counts):
        held = {"s": start, "e": start + count - 1, "x": start + count, "n": count, "i": number}
        chunk: dict[str, Any] = {
            "id": number,
            "startFrame": start,
            "frameCount": count,
            "command": [filled(word, held) for word in words],
        }
        chunks.append(chunk | ({"outputFile": filled(output, held)} if output else {}))
        start += count + gap
    return {"id": draw(st.text(min_size=1).filter(str.strip)), "chunks": draw(st.permutations(chunks))}


def filled(text: str, held: dict[str, int]) -> str:
    for name in ("s:04d", "e:02d", "s", "e", "x", "n", "i"):
        key, _, form = name.partition(":")
        text = text.replace(f"{{{name}}}", format(held[key], form))
    return text


@given(jobspecs())
def test_every_chunk_keeps_its_command_and_its_file(source: dict[str, Any]) -> None:
    job = RenderJob.model_validate(convert_jobspec(source))

    layout = layout_of(job.spec)
    output = job.spec.output.path if job.spec.output else ""
    found = {}
    for number in range(layout.count):
        frames = layout.cell(number)
        argv = workload_of(job, frames, chunk=number, chunks=layout.count, attempt=2, output=output).argv
        file = chunk_file(job, frames, chunk=number, chunks=layout.count)
        path = None if file is None else posixpath.normpath(posixpath.join(output, file))
        found[frames.first, len(frames)] = (list(argv), path)
    assert found == {
        (chunk["startFrame"], chunk["frameCount"]): (chunk["command"], chunk.get("outputFile"))
        for chunk in source["chunks"]
    }
    assert len(frames_of(job.spec.frames)) == sum(chunk["frameCount"] for chunk in source["chunks"])


@given(st.integers(2, 8), st.integers(2, 12), st.integers(1, 12), st.integers(0, 500))
def test_equal_chunks_with_plain_numbers_always_become_a_template(
    many: int, size: int, rest: int, start: int
) -> None:
    chunks = []
    for count in [size] * many + [min(size, rest)]:
        command = f"render -s {start} -e {start + count - 1} -o /out/part-{start}.mov"
        chunks.append(
            {
                "startFrame": start,
                "frameCount": count,
                "command": command,
                "outputFile": f"/out/part-{start}.mov",
            }
        )
        start += count

    spec = convert_jobspec({"id": "a", "chunks": chunks})["spec"]

    assert spec["chunks"] == {"size": size}
    assert spec["output"] == {"path": "/out", "chunkFile": "part-$(RENDER_START).mov"}


@given(st.text(alphabet="$()aRX_ ", max_size=30), st.booleans())
def test_escaped_text_comes_back_from_expansion_whatever_follows(text: str, reference: bool) -> None:
    tail = "$(X)" if reference else ""

    assert expand(escaped(text, before_reference=reference) + tail, {"X": "5", "R": "6", "": "7"}) == (
        text + ("5" if reference else "")
    )


@given(
    st.lists(st.text(alphabet="abc'\"\\ 1-/.,&;$*\n\u00a0", max_size=8), min_size=1, max_size=5),
    st.sampled_from("'\""),
)
def test_words_that_were_quoted_come_back(words: list[str], quote: str) -> None:
    words = ["render", *words]

    def quoted(word: str) -> str:
        return quote + word.replace("\\", "\\\\").replace(quote, f"\\{quote}") + quote

    assert words_of(" ".join(map(quoted, words)), "command") == words


@given(jobspecs())
def test_the_manifest_is_accepted_by_the_loader(source: dict[str, Any]) -> None:
    assert len(load_manifests(dump_manifest(convert_jobspec(source)), "")) == 1
