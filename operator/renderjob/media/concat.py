"""Chunk videos into one video: joined as they are when they match, or decoded and encoded again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from renderjob.api.ffmpeg_args import OutputOptions
from renderjob.frames import FrameSet

from .codecs import Codec, check_target, output_arguments, picture_filters, read_options
from .compatible import difference, require_fitting_sound, require_same, require_shown_whole, require_times
from .errors import MergeError
from .ffmpeg import Progress, run_ffmpeg
from .form import Form, form_for
from .parts import Part, picture_of, read_parts, refuse_damaged
from .picture import Picture
from .probe import StreamParameters
from .result import FrameRate, MergeResult, frame_rate, require_frames
from .staging import Staged, staged
from .target import replacing

MAX_DIFFERENT_PARTS = 200
"""Parts of differing form in one merge: ffmpeg holds all of them open at once."""

MOST_TRIED = 512 << 20
"""Bytes of a copy that are written to try whether it can be made; of more, what is known of the part has to do."""

TRIED_FRAMES = 2

_MICROSECONDS = 1_000_000
_RGB = ("rgb", "bgr", "gbr", "argb", "abgr", "0rgb", "0bgr", "pal8")


def concat_videos(
    parts: Sequence[Path],
    target: Path,
    *,
    codec: str = "copy",
    fps: FrameRate | None = None,
    expected_frames: int | None = None,
    part_frames: Sequence[FrameSet] = (),
    extra_args: Sequence[str] = (),
    on_progress: Progress | None = None,
    trial: bool = False,
) -> MergeResult:
    """Join videos in the order given into `target`, which appears whole or not at all. The parts are kept.

    With `copy` nothing is encoded: the parts must have equal parameters, audio must be PCM (other audio codecs
    carry padding that clicks at each joint, and encoding audio alone would need every part open at once), and
    every frame is shown as long as it was. With any other codec, video and audio are decoded and encoded; parts
    may then differ, and are brought to the first one's size; every frame is kept once, and `fps` sets how fast
    they play.

    Args:
        parts: the chunk videos.
        target: the result; its extension chooses the container.
        codec: a name of `codecs.CODECS`.
        fps: frames a second; by default the first part's. A copy, and parts with audio, cannot change it.
        expected_frames: the frames the result must have; by default the sum of the parts'.
        part_frames: the frames of the render in each part, to name those of bad ones.
        extra_args: more output options for ffmpeg.
        on_progress: called with the number of frames written; an exception from it ends the merge.
        trial: whether more parts such as these can be joined, and nothing is kept.

    Raises:
        BadInputsError: parts are damaged; names all of them.
        MergeError: refused or failed; the target stays as it was.
        MediaError: a part cannot be read.
    """
    entry = check_target(codec, target)
    options = read_options(extra_args, codec, target)
    _require_others(parts, target)
    found = read_parts(parts, part_frames)
    if "-an" in options.rest:
        found = [replace(each, parameters=replace(each.parameters, audio=())) for each in found]
    if trial:
        # At a joint shows what a part does to the next; one is enough for that.
        parts, found = [parts[0]] * 2, [found[0]] * 2
    parameters = [each.parameters for each in found]
    counts = [each.timing.frames for each in found]
    expected = sum(counts) if expected_frames is None else expected_frames
    if sum(counts) != expected:
        raise MergeError(
            f"the {len(parts)} chunks have {sum(counts)} frames together where {expected} were asked for; "
            "render the chunk that is short again"
        )
    rate = _rate(entry, parameters, fps)
    form, picture = None, None
    if entry.name == "copy":
        _require_joinable(parts, found)
    else:
        picture = picture_of(parameters[0])
        form = form_for(entry.name, target.suffix.lower(), options, picture)
    if trial and form is None and 2 * parts[0].stat().st_size > MOST_TRIED:
        return MergeResult(target, expected, float(expected / rate))
    if trial and form is not None:
        expected = min(expected, TRIED_FRAMES)
    with staged(parts) as inputs, replacing(target, keep=not trial) as temporary:
        if form is None or picture is None:
            source = [*_list_input(inputs, found), "-map", "0:v:0", "-map", "0:a?"]
            source += _bitstream(rate, found, options)
        else:
            source = _decoded(entry, inputs, found, rate=rate, form=form, picture=picture, options=options)
        output = output_arguments(entry, target, options, form, audio=bool(parameters[0].audio))
        if trial and form is not None:
            output += ["-t", f"{float(expected / rate):.6f}"]
        arguments = ["-xerror", *source, *output, str(temporary.absolute())]
        try:
            inputs.run(lambda: run_ffmpeg(arguments, on_progress=on_progress, cwd=inputs.directory))
        except MergeError:
            refuse_damaged(parts, part_frames)
            raise
        frames = require_frames(temporary, target, expected)
        if form is None:
            require_times(temporary, target, [each.timing for each in found])
    return MergeResult(target, frames, float(frames / rate), _notes(form, found, rate))


def _notes(form: Form | None, found: Sequence[Part], rate: Fraction) -> tuple[str, ...]:
    if form is None:
        return ()
    if all(each.timing.even for each in found):
        return form.notes
    uneven = (
        f"the chunks' frames are not all shown equally long, and in the video each is shown for 1/{rate} s "
        "(codec copy keeps their times)"
    )
    return (*form.notes, uneven)


def _require_others(parts: Sequence[Path], target: Path) -> None:
    if not parts:
        raise MergeError("there is no chunk video to merge")
    if target.resolve() in {part.resolve() for part in parts}:
        raise MergeError(f"{target.name} is one of the chunks to merge; give the merged file another name")


def _require_joinable(parts: Sequence[Path], found: Sequence[Part]) -> None:
    """Refuse parts that can't be joined as they are."""
    parameters, timings = [each.parameters for each in found], [each.timing for each in found]
    require_same(parts, parameters)
    require_shown_whole(parts, timings)
    require_fitting_sound(parts, parameters, timings)


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
    parts: Sequence[Part],
    *,
    rate: Fraction,
    form: Form,
    picture: Picture,
    options: OutputOptions,
) -> list[str]:
    """Inputs, mapping and filters of a merge that encodes: frame n is shown at n divided by the rate."""
    first = parts[0].parameters
    convert = picture.pixel_format.startswith(_RGB)
    chain = [
        *picture_filters(form, picture, options, codec=codec, convert=convert),
        f"settb=1/{rate.numerator}",
        f"setpts=N*{rate.denominator}",
    ]
    timing = ["-fps_mode", "cfr", "-r", str(rate)]
    decoder = ["-c:v", first.decoder] if first.decoder else []
    equal = all(
        difference(first, each.parameters) is None and _plain_audio(each.parameters) for each in parts
    )
    if equal and (not first.audio or len(parts) > MAX_DIFFERENT_PARTS):
        where = ["-map", "0:v:0", "-map", "0:a?", "-vf", ",".join(chain)]
        where += ["-af", options.sound] if options.sound and first.audio else []
        return [*decoder, *_list_input(inputs, parts), *where, *timing]
    lengths = [each.timing.frames / rate for each in parts]
    return [*_graph_input(inputs, parts, lengths, ",".join(chain), options.sound), *timing]


def _bitstream(rate: Fraction, parts: Sequence[Part], options: OutputOptions) -> list[str]:
    """Bitstream filters of a copy: ours, then the user's.

    Frames that are stored out of order get even decode times over all parts. Each part's own begin as early as
    its B-frames need; a part that is too short to have any begins later, and the next one's would step back. A
    tick is taken off for the rounding of the parts' start times. Frames of uneven length keep their own times, and are
    decoded a tick after the one before where the next part's would step back.
    """
    delay = max(each.timing.delay for each in parts)
    filters = [options.bitstream] if options.bitstream else []
    if delay and all(each.timing.even for each in parts):
        period = f"({rate.numerator}/{rate.denominator}*TB)"
        filters.insert(0, f"setts=pts=PTS:dts=floor((N-{delay})/{period})-1")
    elif delay:
        filters.insert(0, "setts=pts=PTS:dts='if(N,max(DTS,PREV_OUTDTS+1),DTS)'")
    return ["-bsf:v", ",".join(filters)] if filters else []


def _plain_audio(stream: StreamParameters) -> bool:
    return all(audio.codec.startswith("pcm_") for audio in stream.audio)


def _list_input(inputs: Staged, parts: Sequence[Part]) -> list[str]:
    """The concat demuxer: any number of equal parts. Durations keep audio from moving the next part's frames.

    They are differences of a rounded running sum, so that no error grows over many parts.
    """
    lines = ["ffconcat version 1.0"]
    total, told = Fraction(0), 0
    for name, part in zip(inputs.names, parts, strict=True):
        lines.append(f"file {name}")
        if part.timing.seconds is not None:
            total += part.timing.seconds
            until = round(total * _MICROSECONDS)
            lines.append(f"duration {until - told}us")
            told = until
    (inputs.directory / "list.ffconcat").write_text("\n".join(lines) + "\n", encoding="ascii")
    return ["-f", "concat", "-i", "list.ffconcat"]


def _graph_input(
    inputs: Staged, parts: Sequence[Part], lengths: Sequence[Fraction], chain: str, sound: str
) -> list[str]:
    """The concat filter: each part decoded by itself and brought to the first one's size.

    Each part's sound is cut or filled up with silence to the length of its pictures.
    """
    parameters = [part.parameters for part in parts]
    if len(parts) > MAX_DIFFERENT_PARTS:
        raise MergeError(
            f"the {len(parts)} chunks differ in form (or carry compressed audio), and at most "
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
        arguments += [*(["-c:v", stream.decoder] if stream.decoder else []), "-threads", "1", "-i", name]
        graph.append(f"[{index}:v:0]{fit}[v{index}]")
        ends += f"[v{index}]"
        for each in range(len(stream.audio)):
            cut = f"apad,atrim=end={round(lengths[index] * _MICROSECONDS)}us"
            graph.append(f"[{index}:a:{each}]{cut}[s{index}-{each}]")
            ends += f"[s{index}-{each}]"
    after = [f"[a{each}]{sound}[heard{each}]" for each in range(len(first.audio)) if sound]
    outputs = "".join(f"[a{each}]" for each in range(len(first.audio)))
    graph.append(f"{ends}concat=n={len(parameters)}:v=1:a={len(first.audio)}[joined]{outputs}")
    graph += [f"[joined]{chain}[video]", *after]
    arguments += ["-filter_complex", ";".join(graph), "-map", "[video]"]
    for each in range(len(first.audio)):
        arguments += ["-map", f"[heard{each}]" if sound else f"[a{each}]"]
    return arguments
