"""`merge.ffmpeg.args` read into what they ask for: kept, joined with ours, or refused in a sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from .filtergraph import CHANGES_FRAMES, Chain, parse_chain, shown
from .pixel_formats import checked_format

ENCODERS: Final[Mapping[str, str]] = {
    "copy": "copy",
    "h264": "libx264",
    "h265": "libx265",
    "vp9": "libvpx-vp9",
    "prores": "prores_ks",
    "ffv1": "ffv1",
}
"""The encoder of each codec of the merge."""

MUXERS: Final[Mapping[str, tuple[str, ...]]] = {
    ".mp4": ("mp4",),
    ".m4v": ("mp4", "ipod"),
    ".mov": ("mov",),
    ".mkv": ("matroska",),
    ".webm": ("webm",),
    ".avi": ("avi",),
    ".ts": ("mpegts",),
    ".mxf": ("mxf",),
    ".nut": ("nut",),
}

_FLAGS: Final = frozenset({"an", "sn", "dn", "bitexact"})
"""Options that take no value."""

_FRAMES: Final = "would change which frames the video has: it has each frame of spec.frames once"
_INPUTS: Final = (
    "speaks of inputs: what is merged follows from output and chunks; a merge.template merges anything"
)
_OURS: Final = "is for the merge to set"
_FILES: Final = "would write a file of its own; a merge.template may"
_CODEC: Final = "set codec instead"
_RATE: Final = "is what fps says: set that instead"
_CHAIN: Final = (
    "is no simple chain: write it as -vf (it may split and overlay inside); a merge.template may do more"
)
_FILE_VALUE: Final = "takes its value from a file: write the value itself"

_REFUSED: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("i", "map", "map_channel", "stream_loop", "itsoffset", "itsscale", "isync", "re"), _INPUTS
    ),
    **dict.fromkeys(
        ("init_hw_device", "filter_hw_device", "hwaccel", "hwaccel_device", "layer", "part"), _INPUTS
    ),
    **dict.fromkeys(
        ("ss", "sseof", "to", "t", "frames", "vframes", "aframes", "fs", "vn", "shortest"), _FRAMES
    ),
    **dict.fromkeys(
        ("loop", "vsync", "fps_mode", "copyts", "start_at_zero", "copytb", "enc_time_base"), _FRAMES
    ),
    **dict.fromkeys(("timecode_frame_start", "start_number", "force_fps"), _FRAMES),
    **dict.fromkeys(("r", "framerate", "fpsmax"), _RATE),
    **dict.fromkeys(("filter_complex", "lavfi", "filter_complex_script", "filter_script"), _CHAIN),
    **dict.fromkeys(("y", "n", "nostdin", "stdin", "hide_banner", "loglevel", "v", "report", "stats"), _OURS),
    **dict.fromkeys(("nostats", "progress", "xerror", "abort_on", "max_error_rate", "benchmark"), _OURS),
    **dict.fromkeys(("benchmark_all", "debug_ts", "dump", "hex", "qphist", "psnr", "stats_period"), _OURS),
    **dict.fromkeys(
        ("autoscale", "noautoscale", "auto_conversion_filters", "noauto_conversion_filters"), _OURS
    ),
    **dict.fromkeys(("reinit_filter", "max_alloc", "cpuflags", "cpucount", "recast_media"), _OURS),
    **dict.fromkeys(
        ("passlogfile", "vstats", "vstats_file", "sdp_file", "dump_attachment", "attach"), _FILES
    ),
    **dict.fromkeys(
        ("pass", "stats_enc_pre", "stats_enc_post", "stats_mux_pre", "print_graphs_file"), _FILES
    ),
    **dict.fromkeys(
        ("target", "vpre", "apre", "spre", "fpre", "pre"), "would set many options at once: name them"
    ),
    **dict.fromkeys(("h", "help", "version", "formats", "codecs", "encoders", "filters", "pix_fmts"), _OURS),
}
"""What can't be joined with our own options, and why."""

_VIDEO_NAMES: Final[Mapping[str, str]] = {
    "vf": "filter",
    "vcodec": "codec",
    "c": "codec",
    "vb": "b",
    "qscale": "q",
    "vtag": "tag",
    "vbsf": "bsf",
}
"""Other spellings of options for the video."""

_AUDIO_NAMES: Final[Mapping[str, str]] = {
    "af": "filter",
    "acodec": "codec",
    "ab": "b",
    "atag": "tag",
    "absf": "bsf",
}

_RATE_CONTROL: Final = frozenset({"crf", "qp", "q", "b", "cqp", "global_quality", "lossless", "rc"})

_COLOURS: Final = frozenset({"colorspace", "color_primaries", "color_trc", "color_range"})

_NOT_COPIED: Final = frozenset({"filter", "pix_fmt", "s", "profile", *_COLOURS, *_RATE_CONTROL})
"""Options of encoding: a copy does none."""

_NAME: Final = re.compile(r"-[A-Za-z_][A-Za-z0-9_.-]*(:[A-Za-z0-9:#_]*)?")

OPTIONS: Final = 'an option of ffmpeg and its value, such as -crf, "18"'

MOST_REFUSED: Final = (
    "i|y|n|map|ss|sseof|t|to|r|fs|vn|frames(:v)?|vframes|filter_complex|lavfi|fps_mode|vsync|pass"
)
"""The commonest of what is refused, as a regular expression: an API server refuses it, too."""


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """What a user's options ask for."""

    chain: Chain | None = None
    """Filters for the pictures."""
    sound: str = ""
    """Filters for the sound."""
    pixel_format: str = ""
    """The pixel format asked for."""
    profile: str = ""
    """The encoder's profile asked for."""
    colours: Mapping[str, str] = field(default_factory=dict)
    """How colours are tagged: colorspace, color_primaries, color_trc, color_range."""
    flags: str = ""
    """Of the container (-movflags)."""
    bitstream: str = ""
    """Bitstream filters for the video."""
    encoder: str = ""
    """Options of x265's own (-x265-params)."""
    rates: bool = False
    """It says itself how good, or how large, the video is to be."""
    crf: bool = False
    """By -crf."""
    rest: tuple[str, ...] = ()
    """All others, in their order."""

    @property
    def sets_colours(self) -> bool:
        """Whether what colours mean is decided by the user's own filters."""
        return self.chain is not None and self.chain.sets_colours


def parse_args(args: Sequence[str], *, codec: str, file: str) -> OutputOptions:
    """Read a user's output options for a codec and a file.

    Raises:
        ValueError: one can't be joined with ours: a sentence that says which, why, and what to do.
    """
    return _parse(tuple(args), codec, file)


@lru_cache(maxsize=256)
def _parse(args: tuple[str, ...], codec: str, file: str) -> OutputOptions:
    reader = _Reader(codec, file)
    at = 0
    while at < len(args):
        word = args[at]
        if not _NAME.fullmatch(word):
            raise ValueError(_no_option(args, at))
        name, _, stream = word[1:].partition(":")
        if reader.takes_value(name):
            if at + 1 == len(args):
                raise ValueError(f"{word} has no value: write {OPTIONS}")
            reader.read(word, name, stream, args[at + 1])
            at += 2
        else:
            reader.read(word, name, stream, "")
            at += 1
    return reader.options()


def _no_option(args: Sequence[str], at: int) -> str:
    word = args[at]
    if word.startswith("-/"):
        return f"{word} {_FILE_VALUE}"
    if word.startswith("-") and " " in word.strip():
        name, _, value = word.strip().partition(" ")
        return f"{shown(word)} is two words in one: write {name!r} and {value.strip()!r} as two entries"
    before = f" after {args[at - 1]!r}" if at else ""
    return (
        f"{shown(word)}{before} is no option: ffmpeg would write a second file of that name; the video's own is "
        f"merge.ffmpeg.file, and args are pairs of {OPTIONS}"
    )


class _Reader:
    """Takes in one option after the other."""

    def __init__(self, codec: str, file: str) -> None:
        self._codec = codec
        self._file = file
        self._chains: list[str] = []
        self._found: dict[str, str] = {}
        self._rest: list[str] = []
        self._controls: set[str] = set()

    def takes_value(self, name: str) -> bool:
        return name not in _FLAGS and name not in _REFUSED

    def read(self, word: str, name: str, stream: str, value: str) -> None:
        kind = "a" if name in _AUDIO_NAMES or stream[:1] == "a" else "v"
        name = _AUDIO_NAMES.get(name, _VIDEO_NAMES.get(name, name))
        if name in _REFUSED:
            raise ValueError(f"{word} {_REFUSED[name]}")
        if kind == "v" and stream not in ("", "v", "v:0", "0", "V", "V:0"):
            raise ValueError(
                f"{word} names a stream that the video may not have: write -{name} or -{name}:v (pictures), or "
                f"-{name}:a (sound)"
            )
        if name == "codec":
            self._encoder(word, kind, value)
        elif name == "f":
            self._container(word, value)
        elif self._codec == "copy" and name in _NOT_COPIED:
            raise ValueError(
                f"{word} asks for pictures or sound to be encoded, and codec copy encodes nothing; {_ENCODE}"
            )
        elif kind == "a":
            self._sound(word, name, value)
        else:
            self._video(word, name, value)

    def _encoder(self, word: str, kind: str, value: str) -> None:
        if kind == "a":
            if self._codec == "copy" and value != "copy":
                raise ValueError(
                    f"{word} {value} encodes the sound, and codec copy encodes nothing; {_ENCODE}"
                )
            self._rest += ["-c:a", value]
        elif value not in (self._codec, ENCODERS.get(self._codec)):
            raise ValueError(
                f"{word} {value} contradicts codec {self._codec} ({ENCODERS.get(self._codec)}): {_CODEC}"
            )

    def _container(self, word: str, value: str) -> None:
        suffix = "." + self._file.rpartition(".")[2].lower()
        if value not in MUXERS.get(suffix, ()):
            raise ValueError(f"{word} {value} contradicts file {self._file}: its ending says the container")

    def _sound(self, word: str, name: str, value: str) -> None:
        if name == "filter":
            parse_chain_of(word, value)
            self._found["sound"] = f"{self._found['sound']},{value}" if "sound" in self._found else value
        else:
            self._rest += [word, value]

    def _video(self, word: str, name: str, value: str) -> None:
        match name:
            case "filter":
                self._chain(word, value)
            case "s":
                self._chains.append(f"scale=s={value}")
            case "pix_fmt":
                self._found["pixel_format"] = value.removeprefix("+")
            case "profile":
                self._found["profile"] = value
                self._rest += ["-profile:v", value]
            case "movflags" | "bsf" | "x265-params":
                self._found[name] = value
            case _ if name in _COLOURS:
                self._found[name] = value
            case _:
                if name in _RATE_CONTROL:
                    self._controls.add(name)
                self._rest += [word, value] if word[1:] not in _FLAGS else [word]

    def _chain(self, word: str, value: str) -> None:
        for each in parse_chain_of(word, value).filters:
            if each.name in CHANGES_FRAMES:
                raise ValueError(
                    f"{word} has the filter {each.name}, which {_FRAMES}; fps says how fast they play"
                )
        self._chains.append(value)

    def options(self) -> OutputOptions:
        """All together.

        Raises:
            ValueError: tags of colours that nothing converts to.
        """
        chain = parse_chain(",".join(self._chains)) if self._chains else None
        colours = {name: self._found[name] for name in sorted(_COLOURS & self._found.keys())}
        if chain is None or not chain.sets_colours:
            for name, value in colours.items():
                if value not in TAGS[name]:
                    raise ValueError(
                        f"-{name} {value} would only be a label: the merge makes Rec. 709 of pictures; convert in "
                        f"-vf with zscale or colorspace, or use one of {', '.join(TAGS[name])}"
                    )
        asked = self._found.get("pixel_format") or next(iter(chain.formats if chain else ()), "")
        profile = self._found.get("profile", "")
        asked = checked_format(asked, profile, codec=self._codec, file=self._file)
        return OutputOptions(
            chain=chain,
            sound=self._found.get("sound", ""),
            pixel_format=asked,
            profile=profile,
            colours=colours,
            flags=self._found.get("movflags", ""),
            bitstream=self._found.get("bsf", ""),
            encoder=self._found.get("x265-params", ""),
            rates=bool(self._controls),
            crf="crf" in self._controls,
            rest=tuple(self._rest),
        )


TAGS: Final[Mapping[str, tuple[str, ...]]] = {
    "colorspace": ("bt709", "smpte170m", "bt470bg", "bt2020nc"),
    "color_primaries": ("bt709",),
    "color_trc": ("bt709", "iec61966-2-1"),
    "color_range": ("tv", "pc", "mpeg", "jpeg", "limited", "full"),
}
"""What pictures are brought to, or are already, without a filter of the user's: sRGB shares Rec. 709's primaries."""

_ENCODE: Final = "set codec to h264 (or another that encodes)"


def parse_chain_of(word: str, value: str) -> Chain:
    """A chain of filters; an error names its option."""
    try:
        return parse_chain(value)
    except ValueError as error:
        raise ValueError(f"{word} {error}") from None
