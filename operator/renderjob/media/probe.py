"""What a video is made of, read from its container without decoding a frame."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import av.container
import av.error

from .errors import MediaError
from .inputs import FORMATS, PROTOCOLS

_HELD = {"protocol_whitelist": PROTOCOLS, "format_whitelist": FORMATS}
"""Neither a playlist nor a script is read, whatever a file is called."""


@dataclass(frozen=True)
class AudioParameters:
    """An audio stream: codec name, samples a second, channel layout, sample format, time base.

    `seconds` is its length where the container tells; two streams of other lengths are still of one form.
    """

    codec: str
    rate: int
    layout: str
    sample_format: str
    time_base: Fraction | None
    seconds: Fraction | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return f"{self.codec} {self.rate} Hz {self.layout} {self.sample_format} time base {self.time_base}"


@dataclass(frozen=True)
class StreamParameters:
    """The first video stream, and all audio streams, of a file.

    `average_rate` is None where the container cannot tell (a one-frame transport stream). `extradata` is the
    decoder's setup: two streams that differ in it cannot be joined without encoding again.
    """

    codec: str
    profile: str | None
    width: int
    height: int
    pixel_format: str | None
    time_base: Fraction | None
    average_rate: Fraction | None
    sample_aspect_ratio: Fraction | None
    extradata: bytes
    audio: tuple[AudioParameters, ...]


@contextmanager
def _opened(path: Path) -> Iterator[av.container.InputContainer]:
    try:
        # Absolute, so that no name is taken for a protocol.
        with av.open(str(path.absolute()), metadata_errors="replace", options=_HELD) as container:
            yield container
    except av.error.ArgumentError as error:
        raise MediaError(
            f"{path} cannot be read: it holds no video, picture or sound of a kind that is read here (a playlist "
            "or a list of other files is none)"
        ) from error
    except (av.error.FFmpegError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise MediaError(f"{path} cannot be read: {reason}") from error


def _video(container: av.container.InputContainer, path: Path) -> av.VideoStream:
    for stream in container.streams.video:
        if not stream.disposition & av.stream.Disposition.attached_pic:
            # PyAV gives none where the format is told by the file's name and nothing decodes it.
            if stream.codec_context is None:
                raise MediaError(f"{path} cannot be read: nothing here decodes what it is called after")
            return stream
    raise MediaError(f"{path} has no video stream")


def probe_video(path: Path) -> StreamParameters:
    """The parameters of a video file (or of a single picture).

    Raises:
        MediaError: it cannot be read, or has no video; names the file.
    """
    with _opened(path) as container:
        stream = _video(container, path)
        context = stream.codec_context
        return StreamParameters(
            codec=context.codec.canonical_name,
            profile=stream.profile,
            width=context.width,
            height=context.height,
            pixel_format=context.pix_fmt,
            time_base=stream.time_base,
            average_rate=stream.average_rate or None,
            sample_aspect_ratio=stream.sample_aspect_ratio or None,
            extradata=bytes(context.extradata or b""),
            audio=tuple(_audio(each) for each in container.streams.audio),
        )


def _audio(stream: av.AudioStream) -> AudioParameters:
    context = stream.codec_context
    duration, base = stream.duration, stream.time_base
    return AudioParameters(
        codec=context.codec.canonical_name,
        rate=context.sample_rate,
        layout=context.layout.name,
        sample_format=context.format.name if context.format else "",
        time_base=base,
        seconds=None if duration is None or base is None else duration * base,
    )


@dataclass(frozen=True)
class PacketOrder:
    """The frames of a video stream, and how many frames late the most delayed is shown.

    `delay` is 0 when frames are stored in the order they are shown in (no B-frames).
    """

    frames: int
    delay: int


def packet_order(path: Path) -> PacketOrder:
    """Read through a file's first video stream packet by packet; nothing is decoded.

    Raises:
        MediaError: it cannot be read, or has no video; names the file.
    """
    times: list[int] = []
    with _opened(path) as container:
        stream = _video(container, path)
        for packet in container.demux(stream):
            # An empty packet ends the stream; a discarded one lies outside the edit list and is never shown.
            if packet.size and not packet.is_discard:
                times.append(packet.pts if packet.pts is not None else len(times))
    shown = sorted(range(len(times)), key=times.__getitem__)
    delay = max((stored - place for place, stored in enumerate(shown)), default=0)
    return PacketOrder(len(times), delay)


def count_frames(path: Path) -> int:
    """The frames of a file's first video stream, counted by its packets; nothing is decoded.

    Raises:
        MediaError: it cannot be read, or has no video; names the file.
    """
    return packet_order(path).frames


def decode_picture(path: Path) -> tuple[int, int]:
    """Decode a picture (or a video's first frame) and tell its width and height.

    Raises:
        MediaError: it is damaged or no picture; names the file.
    """
    with _opened(path) as container:
        for frame in container.decode(_video(container, path)):
            return frame.width, frame.height
    raise MediaError(f"{path} has no picture in it")
