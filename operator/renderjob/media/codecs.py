"""The codecs a merge can write, one entry each, and the filters that bring pictures into their form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from renderjob.api.ffmpeg_args import OutputOptions, parse_args
from renderjob.api.merge import CONTAINERS, MOV_FAMILY

from .alpha import over_black, straight
from .errors import MergeError
from .form import Form
from .light import srgb_curve
from .picture import Picture, depth_of

_EXACT = "flags=bicubic+accurate_rnd+full_chroma_int"


@dataclass(frozen=True)
class Codec:
    """How one codec is written.

    `arguments` are pairs of an option and its value. `even` says that width and height must be even, so that odd
    pictures get one row or column of black.
    """

    name: str
    arguments: tuple[str, ...]
    containers: tuple[str, ...]
    even: bool = False


CODECS: dict[str, Codec] = {
    codec.name: codec
    for codec in (
        Codec("copy", ("-c", "copy"), CONTAINERS["copy"]),
        Codec(
            "h264",
            ("-c:v", "libx264", "-preset", "medium", "-crf", "18"),
            CONTAINERS["h264"],
            even=True,
        ),
        Codec(
            "h265",
            ("-c:v", "libx265", "-preset", "medium", "-crf", "20", "-x265-params", "log-level=error"),
            CONTAINERS["h265"],
            even=True,
        ),
        Codec(
            "vp9",
            ("-c:v", "libvpx-vp9", "-crf", "24", "-b:v", "0", "-row-mt", "1", "-cpu-used", "2"),
            CONTAINERS["vp9"],
            even=True,
        ),
        Codec(
            "prores",
            ("-c:v", "prores_ks", "-profile:v", "3", "-vendor", "apl0"),
            CONTAINERS["prores"],
            even=True,
        ),
        Codec("ffv1", ("-c:v", "ffv1", "-level", "3", "-g", "1"), CONTAINERS["ffv1"]),
    )
}
"""The codecs by name."""

_AUDIO = {".mp4": "aac", ".m4v": "aac", ".ts": "aac", ".webm": "libopus", ".avi": "pcm_s16le"}


def check_target(codec: str, file: str | Path) -> Codec:
    """The codec's entry, when the file's extension names a container that holds it.

    Needs no ffmpeg and no frame: a manifest can be refused with it before anything is rendered.

    Raises:
        MergeError: an unknown codec, or an extension it does not go into; names what is accepted.
    """
    entry = CODECS.get(codec)
    if entry is None:
        raise MergeError(f"codec must be one of {', '.join(CODECS)}; found {codec!r}")
    suffix = Path(file).suffix.lower()
    if suffix not in entry.containers:
        raise MergeError(
            f"codec {codec} goes into a file that ends in one of {', '.join(entry.containers)}; "
            f"found {Path(file).name!r}"
        )
    return entry


def read_options(args: Sequence[str], codec: str, target: Path) -> OutputOptions:
    """A user's options for ffmpeg.

    Raises:
        MergeError: one can't be joined with ours; says why.
    """
    try:
        return parse_args(args, codec=codec, file=target.name)
    except ValueError as error:
        raise MergeError(str(error)) from None


def output_arguments(
    codec: Codec, target: Path, options: OutputOptions, form: Form | None, *, audio: bool = False
) -> list[str]:
    """The encoder's and the container's options for a target, with the user's. `form` is None for a copy."""
    suffix = target.suffix.lower()
    arguments = list(codec.arguments) if form is None else encoder_arguments(codec, options, form)
    if audio and form is not None:
        arguments += ["-c:a", _AUDIO.get(suffix, "pcm_s24le")]
    if suffix in MOV_FAMILY:
        added = options.flags[:1] in ("", "+", "-")
        arguments += ["-movflags", f"+faststart{options.flags}" if added else options.flags]
        # Apple's players want H.265 under this name.
        arguments += ["-tag:v", "hvc1"] if codec.name == "h265" else []
    if suffix == ".m4v":
        # ffmpeg takes the ending for an iPod's, which knows no H.265.
        arguments += ["-f", "mp4"]
    elif options.flags and suffix not in MOV_FAMILY:
        arguments += ["-movflags", options.flags]
    return [*arguments, *options.rest]


def encoder_arguments(codec: Codec, options: OutputOptions, form: Form) -> list[str]:
    """The encoder's options: ours, but for those that the user's replace, then the user's."""
    ours = list(zip(codec.arguments[::2], codec.arguments[1::2], strict=True))
    if options.rates:
        # libx264 would heed our -crf rather than the user's -b:v.
        ours = [(n, v) for n, v in ours if n != "-crf" and (n != "-b:v" or options.crf)]
    if codec.name == "prores":
        ours = [(n, form.profile if n == "-profile:v" else v) for n, v in ours]
        ours = [(n, v) for n, v in ours if v]
    if options.encoder:
        ours = [(n, f"{v}:{options.encoder}" if n == "-x265-params" else v) for n, v in ours]
        if codec.name != "h265":
            ours.append(("-x265-params", options.encoder))
    arguments = [word for pair in ours for word in pair]
    if form.pixel_format:
        arguments += ["-pix_fmt", form.pixel_format]
    if codec.name == "vp9" and form.alpha:
        # For alpha in other forms than 8 bits and 4:2:0, which are never ours but may be asked for.
        arguments += ["-strict", "experimental"]
    if options.bitstream:
        arguments += ["-bsf:v", options.bitstream]
    if options.sets_colours:
        arguments += [word for name, value in options.colours.items() for word in (f"-{name}", value)]
    return arguments


def picture_filters(
    form: Form,
    picture: Picture,
    options: OutputOptions,
    *,
    codec: Codec,
    convert: bool = True,
) -> list[str]:
    """The filter chain from decoded pictures to what the codec encodes.

    All pictures are held to the first one's size, and brought from linear light to sRGB; then come the user's
    filters, which so get pictures as they look; what comes out of these is brought to the codec's form. Where the
    user's filters decide what colours mean (zscale, colorspace, …), they get pictures as they were decoded, and
    have the last word.

    Args:
        form: what is encoded.
        picture: what is decoded.
        options: the user's.
        codec: the encoder's entry.
        convert: bring RGB and JPEG pictures to Rec. 709; otherwise colours stay as they are.
    """
    convert = convert and not options.sets_colours
    chain = [f"scale={picture.width}:{picture.height}:{_EXACT}"]
    if not options.sets_colours:
        chain += as_seen(picture, alpha=form.alpha)
    if options.chain is not None:
        chain.append(options.chain.text)
    if form.pixel_format:
        chain += _into(form, options, convert=convert)
        chain += _even(codec, form, picture, options)
        chain.append(f"format={form.pixel_format}")
        if convert:
            chain.append(_tags(form, options))
    return chain


def as_seen(picture: Picture, *, alpha: bool = False) -> list[str]:
    """The filters from a decoded picture to what one sees: linear light through the sRGB curve, and what is
    transparent over black, unless alpha is kept, and then straight: EXR has colours multiplied with it."""
    curve = srgb_curve(alpha=alpha) if picture.linear else []
    if not picture.alpha:
        return curve
    if picture.premultiplied:
        return [*(straight() if alpha else ["format=gbrpf32le"]), *curve]
    return [*([] if alpha else over_black(deep=picture.depth > 8 or picture.linear)), *curve]


def _into(form: Form, options: OutputOptions, *, convert: bool) -> list[str]:
    """From what the filters before give to the codec's colours."""
    if form.rgb or options.sets_colours or not (convert or options.colours or form.range_ == "pc"):
        return []
    matrix = options.colours.get("colorspace", "bt709" if convert else "")
    words = [f"out_color_matrix={matrix}"] if matrix else []
    return ["scale=" + ":".join([*words, f"out_range={form.range_}", _EXACT])]


def _even(codec: Codec, form: Form, picture: Picture, options: OutputOptions) -> list[str]:
    """One row or column more where a codec wants even numbers; padding needs whole chroma samples."""
    if not codec.even:
        return []
    if options.chain is None and picture.width % 2 == 0 and picture.height % 2 == 0:
        return []
    depth = depth_of(form.pixel_format)
    deep = f"{depth}le" if depth > 8 else ""
    grey = form.pixel_format.startswith("gray")
    full = form.pixel_format if form.rgb or grey else f"yuv{'a' if form.alpha else ''}444p{deep}"
    return [f"format={full}", "pad=ceil(iw/2)*2:ceil(ih/2)*2"]


def _tags(form: Form, options: OutputOptions) -> str:
    """What the samples mean, for whoever shows them."""
    transfer = options.colours.get("color_trc", "bt709")
    space = "gbr" if form.rgb else options.colours.get("colorspace", "bt709")
    spread = "pc" if form.rgb else form.range_
    return f"setparams=range={spread}:color_primaries=bt709:color_trc={transfer}:colorspace={space}"
