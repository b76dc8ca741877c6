"""A contact sheet: a dozen small pictures of a sequence or of a video in one image."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from .codecs import as_seen
from .digits import HEIGHT, number_boxes, number_width
from .errors import MediaError, MergeError
from .ffmpeg import run_ffmpeg
from .picture import Picture, decode_picture
from .probe import count_frames, probe_video
from .staging import Staged, staged
from .target import replacing

SUFFIXES = (".png", ".jpg", ".jpeg")
_GAP_COLOUR = "0x1c1c1c"
_NUMBER_COLOUR = "0xa8a8a8"


def contact_sheet(
    source: Sequence[Path] | Path,
    target: Path,
    *,
    numbers: Sequence[int] = (),
    thumbnails: int = 12,
    columns: int = 4,
    width: int = 240,
    gap: int = 6,
    layer: str = "",
) -> Path:
    """Write evenly chosen thumbnails, the first and the last among them, as one PNG or JPEG.

    Args:
        source: the pictures of a sequence in order, or the path of a video.
        target: the sheet; `.png`, `.jpg` or `.jpeg`. It appears whole or not at all.
        numbers: the frame of each picture of a sequence, to be written below its thumbnail; none by default.
        thumbnails: how many pictures at most.
        columns: pictures in a row.
        width: a thumbnail's width in pixels; its height follows from the first picture.
        gap: pixels of dark grey between and around them.
        layer: of multi-layer EXR; left out, the one that is the picture.

    Raises:
        MergeError: no picture, an extension or a number that is not accepted, or ffmpeg failed.
        MediaError: a picture or the video cannot be read.
    """
    if target.suffix.lower() not in SUFFIXES:
        raise MergeError(f"a contact sheet ends in one of {', '.join(SUFFIXES)}; found {target.name!r}")
    if thumbnails < 1 or columns < 1 or width < 16 or gap < 0:
        raise MergeError(
            "a contact sheet needs thumbnails and columns of at least 1, a width of at least 16 and no "
            f"negative gap; found {thumbnails}, {columns}, {width} and {gap}"
        )
    total = count_frames(source) if isinstance(source, Path) else len(source)
    if total == 0:
        raise MergeError("there is no picture for the contact sheet")
    if numbers and (isinstance(source, Path) or len(numbers) != total):
        raise MergeError(f"a contact sheet takes a number for each picture; found {len(numbers)} for {total}")
    chosen = spread(total, thumbnails)
    columns = min(columns, len(chosen))
    rows = -(-len(chosen) // columns)
    tile = f"tile={columns}x{rows}:padding={gap}:margin={gap}:color={_GAP_COLOUR}"
    paths = [source] if isinstance(source, Path) else [source[index] for index in chosen]
    looked = [] if isinstance(source, Path) else [decode_picture(path, layer) for path in paths]
    parts = [each.layer.part if each.layer else 0 for each in looked]
    with staged(paths, parts=parts) as inputs, replacing(target) as temporary:
        if isinstance(source, Path):
            video = probe_video(inputs.directory / inputs.names[0])
            cell = _cell((video.width, video.height), video.sample_aspect_ratio or Fraction(1), width)
            wanted = "+".join(f"eq(n,{index})" for index in chosen)
            picture = ["-i", inputs.names[0], "-map", "0:v:0", "-vf", f"select='{wanted}',{cell},{tile}"]
        else:
            picture = _pictures(inputs, looked, width, tile, [numbers[index] for index in chosen if numbers])
        end = ["-frames:v", "1", "-update", "1", "-q:v", "3", str(temporary.absolute())]
        inputs.run(lambda: run_ffmpeg([*picture, *end], cwd=inputs.directory))
    return target


def spread(total: int, wanted: int) -> list[int]:
    """At most `wanted` indices of 0 … total-1, evenly spread, with the first and the last."""
    if wanted >= total:
        return list(range(total))
    if wanted == 1:
        return [total // 2]
    return [round(index * (total - 1) / (wanted - 1)) for index in range(wanted)]


def _cell(size: tuple[int, int], aspect: Fraction, width: int, curve: Sequence[str] = ()) -> str:
    """The filters that make one thumbnail."""
    if not all(size):
        raise MediaError("the first picture has no size")
    height = max(2, round(width * size[1] / (size[0] * aspect) / 2) * 2)
    width -= width % 2
    square = "" if aspect == 1 else "scale=iw*sar:ih,setsar=1,"
    fit = f"{square}scale={width}:{height}:force_original_aspect_ratio=decrease:flags=area"
    before = "".join(f"{each}," for each in curve)
    return f"{before}{fit},format=rgb24,pad={width}:{height}:-1:-1:color={_GAP_COLOUR},setsar=1"


def _pictures(
    inputs: Staged, looked: Sequence[Picture], width: int, tile: str, numbers: Sequence[int]
) -> list[str]:
    """Each picture as an input of its own: they may differ in kind and in size."""
    arguments, graph, ends = [], [], ""
    size, aspect = (0, 0), Fraction(1)
    for index, (name, picture) in enumerate(zip(inputs.names, looked, strict=True)):
        if not index:
            size = picture.size
            aspect = probe_video(inputs.directory / name).sample_aspect_ratio or aspect
        arguments += [*picture.options, "-i", name]
        cell = _cell(size, aspect, width, as_seen(picture))
        if numbers:
            cell = f"{cell},{_caption(numbers[index], width - width % 2)}"
        graph.append(f"[{index}:v:0]{cell}[p{index}]")
        ends += f"[p{index}]"
    graph.append(f"{ends}concat=n={len(inputs.names)}:v=1:a=0,{tile}[sheet]")
    return [*arguments, "-filter_complex", ";".join(graph), "-map", "[sheet]"]


def _caption(number: int, width: int) -> str:
    """The filters that put a strip with a number below a thumbnail of this width."""
    dot = max(1, width // 120)
    # Even, as pad wants its sizes; a number that is wider than the thumbnail begins at its left edge.
    strip = (HEIGHT + 4) * dot + (HEIGHT + 4) * dot % 2
    left = max(0, (width - number_width(number, dot)) // 2)
    boxes = number_boxes(number, left, f"ih-{(HEIGHT + 2) * dot}", dot=dot, colour=_NUMBER_COLOUR)
    return ",".join([f"pad=iw:ih+{strip}:0:0:color={_GAP_COLOUR}", *boxes])
