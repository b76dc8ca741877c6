"""Chunk videos into one video: joined as they are when they match, or decoded and encoded again."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from .codecs import Codec, check_target, output_arguments, picture_filters
from .compatible import difference, require_fitting_sound, require_same
from .errors import MergeError
from .ffmpeg import Progress, run_ffmpeg
from .probe import StreamParameters, packet_order, probe_video
from .result import FrameRate, MergeResult, frame_rate, require_frames
from .staging import Staged, staged
from .target import replacing

MAX_DIFFERENT_PARTS = 200
"""Parts of differing form in one merge: ffmpeg holds all of them open at once."""

_MICROSECONDS = 1_000_000
_RGB = ("rgb", "bgr", "gbr", "argb", "abgr", "0rgb", "0bgr", "pal8")


def concat_videos(
    parts: Sequence[Path],
    target: Path,
    *,
    codec: str = "copy",
    fps: FrameRate | None = None,
    expected_frames: int | None = None,
    extra_args: Sequence[str] = (),
    on_progress: Progress | None = None,
) -> MergeResult:
    """Join videos in the order given into `target`, which appears whole or not at all. The parts are kept.

    With `copy` nothing is encoded: the parts must have equal parameters, and audio must be PCM (other audio
    codecs carry padding that clicks at each joint, and encoding audio alone would need every part open at
    once). With any other codec, video and audio are decoded and encoded; parts may then differ, and are
    brought to the first one's size. Every frame is kept once: `fps` sets how fast they play.

    Args:
        parts: the chunk videos.
        target: the result; its extension chooses the container.
        codec: a name of `codecs.CODECS`.
        fps: frames a second; by default the first part's. A copy, and parts with audio, cannot change it.
        expected_frames: the frames the result must have; by default the sum of the parts'.
        extra_args: more output options for ffmpeg.
        on_progress: called with the number of frames written; an exception from it ends the merge.

    Raises:
        MergeError: refused or failed; the target stays as it was.
        MediaError: a part cannot be read.
    """
    entry = check_target(codec, target)
    if not parts:
        raise MergeError("there is no chunk video to merge")
    if target.resolve() in {part.resolve() for part in parts}:
        raise MergeError(f"{target.name} is one of the chunks to merge; give the merged file another name")
    parameters = [probe_video(part) for part in parts]
    orders = [packet_order(part) for part in parts]
    counts = [order.frames for order in orders]
    expected = sum(counts) if expected_frames is None else expected_frames
    if sum(counts) != expected:
        raise MergeError(
            f"the {len(parts)} chunks have {sum(counts)} frames together where {expected} were asked for; "
            "render the chunk that is short again"
        )
    if entry.name == "copy":
        require_same(parts, parameters)
    rate = _rate(entry, parameters, fps)
    if entry.name == "copy":
        require_fitting_sound(parts, parameters, [count / rate for count in counts])
    with staged(parts) as inputs, replacing(target) as temporary:
        if entry.name == "copy":
            source = [*_list_input(inputs, parameters, counts), "-map", "0:v:0", "-map", "0:a?"]
            source += _decode_times(rate, max(order.delay for order in orders))
        else:
            source = _decoded(entry, inputs, parameters, counts, rate=rate)
        audio = bool(parameters[0].audio)
        output = output_arguments(entry, target, audio=audio)
        arguments = ["-xerror", *source, *output, *extra_args, str(temporary.absolute())]
        inputs.run(lambda: run_ffmpeg(arguments, on_progress=on_progress, cwd=inputs.directory))
        frames = require_frames(temporary, target, expected)
    return MergeResult(target, frames, float(frames / rate))


def _rate(codec: Codec, parameters: Sequence[StreamParameters], fps: FrameRate | None) -> Fraction:
    own = parameters[0].average_rate
    if fps is None:
        if own is None:
            raise MergeError("the first chunk does not say its frame rate; set the merge's fps")
        return own
    wanted = frame_rate(fps)
    if own is not None and wanted != own and (codec.name == "copy" or parameters[0].audio):
        why = "audio would no longer fit" if parameters[0].audio else "codec copy cannot change it"
        raise MergeError(
            f"fps is {wanted} but the chunks play at {own} frames a second, and {why}; leave fps out"
        )
    return wanted


def _decoded(
    codec: Codec,
    inputs: Staged,
    parameters: Sequence[StreamParameters],
    counts: Sequence[int],
    *,
    rate: Fraction,
) -> list[str]:
    """Inputs, mapping and filters of a merge that encodes: frame n is shown at n divided by the rate."""
    first = parameters[0]
    convert = (first.pixel_format or "").startswith(_RGB)
    chain = [
        *picture_filters(codec, first.width, first.height, convert=convert),
        f"settb=1/{rate.numerator}",
        f"setpts=N*{rate.denominator}",
    ]
    lengths = [count / rate for count in counts]
    timing = ["-fps_mode", "cfr", "-r", str(rate)]
    equal = all(difference(first, each) is None and _plain_audio(each) for each in parameters)
    if equal and (not first.audio or len(parameters) > MAX_DIFFERENT_PARTS):
        where = ["-map", "0:v:0", "-map", "0:a?", "-vf", ",".join(chain)]
        return [*_list_input(inputs, parameters, counts), *where, *timing]
    return [*_graph_input(inputs, parameters, lengths, ",".join(chain)), *timing]


def _decode_times(rate: Fraction, delay: int) -> list[str]:
    """Give frames that are stored out of order even decode times over all parts.

    Each part's own begin as early as its B-frames need; a part that is too short to have any begins later,
    and the next one's would step back. A tick is taken off for the rounding of the parts' start times.
    """
    if delay == 0:
        return []
    period = f"({rate.numerator}/{rate.denominator}*TB)"
    return ["-bsf:v", f"setts=pts=PTS:dts=floor((N-{delay})/{period})-1"]


def _plain_audio(stream: StreamParameters) -> bool:
    return all(audio.codec.startswith("pcm_") for audio in stream.audio)


def _list_input(inputs: Staged, parameters: Sequence[StreamParameters], counts: Sequence[int]) -> list[str]:
    """The concat demuxer: any number of equal parts. Durations keep audio from moving the next part's frames.

    They are differences of a rounded running sum, so that no error grows over many parts.
    """
    lines = ["ffconcat version 1.0"]
    total, told = Fraction(0), 0
    for name, stream, count in zip(inputs.names, parameters, counts, strict=True):
        lines.append(f"file {name}")
        if stream.average_rate:
            total += count / stream.average_rate
            until = round(total * _MICROSECONDS)
            lines.append(f"duration {until - told}us")
            told = until
    (inputs.directory / "list.ffconcat").write_text("\n".join(lines) + "\n", encoding="ascii")
    return ["-f", "concat", "-i", "list.ffconcat"]


def _graph_input(
    inputs: Staged, parameters: Sequence[StreamParameters], lengths: Sequence[Fraction], chain: str
) -> list[str]:
    """The concat filter: each part decoded by itself and brought to the first one's size.

    Each part's sound is cut or filled up with silence to the length of its pictures.
    """
    if len(parameters) > MAX_DIFFERENT_PARTS:
        raise MergeError(
            f"the {len(parameters)} chunks differ in form (or carry compressed audio), and at most "
            f"{MAX_DIFFERENT_PARTS} such chunks are merged at once; render all chunks with the same settings"
        )
    first = parameters[0]
    size = f"{first.width}:{first.height}"
    fit = f"scale={size}:force_original_aspect_ratio=decrease,pad={size}:-1:-1,setsar=1"
    fit += f",format={first.pixel_format}" if first.pixel_format else ""
    arguments, graph, ends = [], [], ""
    for index, (path, name, stream) in enumerate(zip(inputs.paths, inputs.names, parameters, strict=True)):
        if len(stream.audio) != len(first.audio):
            raise MergeError(
                f"chunk {Path(path).name} has {len(stream.audio)} audio streams where "
                f"{Path(inputs.paths[0]).name} has {len(first.audio)}; render all chunks with the same audio"
            )
        arguments += ["-threads", "1", "-i", name]
        graph.append(f"[{index}:v:0]{fit}[v{index}]")
        ends += f"[v{index}]"
        for each in range(len(stream.audio)):
            cut = f"apad,atrim=end={round(lengths[index] * _MICROSECONDS)}us"
            graph.append(f"[{index}:a:{each}]{cut}[s{index}-{each}]")
            ends += f"[s{index}-{each}]"
    outputs = "".join(f"[a{each}]" for each in range(len(first.audio)))
    graph.append(f"{ends}concat=n={len(parameters)}:v=1:a={len(first.audio)}[joined]{outputs}")
    graph.append(f"[joined]{chain}[video]")
    arguments += ["-filter_complex", ";".join(graph), "-map", "[video]"]
    for each in range(len(first.audio)):
        arguments += ["-map", f"[a{each}]"]
    return arguments
