"""What a video is made of, read from its container without decoding a frame."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import av.container
import av.error

from .errors import MediaError, UnsupportedError
from .inputs import FORMATS, PROTOCOLS

_HELD = {"protocol_whitelist": PROTOCOLS, "format_whitelist": FORMATS}
"""Neither a playlist nor a script is read, whatever a file is called."""

_NOT_READ: Final = (
    *(av.error.PatchWelcomeError, av.error.DecoderNotFoundError, av.error.DemuxerNotFoundError),
    NotImplementedError,
)


@dataclass(frozen=True)
class AudioParameters:
    """An audio stream: codec name, samples a second, channel layout, sample format, time base.

    `seconds` is its length where the container tells, `start` when it begins after the file does; two streams of
    other lengths are still of one form.
    """

    codec: str
    rate: int
    layout: str
    sample_format: str
    time_base: Fraction | None
    seconds: Fraction | None = field(default=None, compare=False)
    start: Fraction | None = field(default=None, compare=False)

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
    decoder: str = ""
    """The decoder of ffmpeg's that shows all there is of it, where its usual one does not: alpha in VP8 and VP9."""


@contextmanager
def opened(path: Path) -> Iterator[av.container.InputContainer]:
    """A file, open for reading; what goes wrong with it in the block is told with its name.

    Raises:
        UnsupportedError: ffmpeg does not read this kind of file.
        MediaError: it can't be read otherwise.
    """
    try:
        # Absolute, so that no name is taken for a protocol.
        with av.open(str(path.absolute()), metadata_errors="replace", options=_HELD) as container:
            yield container
    except av.error.ArgumentError as error:
        raise MediaError(
            f"{path} cannot be read: it holds no video, picture or sound of a kind that is read here (a playlist "
            "or a list of other files is none)"
        ) from error
    except _NOT_READ as error:
        raise UnsupportedError(
            f"{path} cannot be read: ffmpeg does not know this kind of file, or of compression "
            f"({getattr(error, 'strerror', None) or error}); have the renderer write another"
        ) from error
    except (av.error.FFmpegError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise MediaError(f"{path} cannot be read: {reason}") from error


def video_stream(container: av.container.InputContainer, path: Path) -> av.VideoStream:
    """The video of a file, which is no cover picture.

    Raises:
        MediaError: it has none.
    """
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
    with opened(path) as container:
        stream = video_stream(container, path)
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
            decoder=_decoder(stream),
        )


_WITH_ALPHA: Final = {"vp8": "libvpx", "vp9": "libvpx-vp9"}


def _decoder(stream: av.VideoStream) -> str:
    """Libvpx's decoder, where a video has alpha in a layer of its own: others leave that out."""
    tagged = {name.lower(): value for name, value in stream.metadata.items()}.get("alpha_mode")
    return _WITH_ALPHA.get(stream.codec_context.codec.canonical_name, "") if tagged == "1" else ""


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
        start=None if stream.start_time is None or base is None else stream.start_time * base,
    )


@dataclass(frozen=True)
class Timing:
    """When the frames of a video stream are shown.

    `delay` says how many frames late the most delayed is shown: 0 when frames are stored in the order they are
    shown in (no B-frames). `hidden` frames are stored and never shown: an edit list begins after them.
    """

    times: tuple[int, ...]
    """Of each frame that is shown, in order, in ticks of `base`."""
    base: Fraction
    delay: int
    hidden: int
    last: int = 0
    """Ticks for which the last frame is shown."""
    rate: Fraction | None = None
    """Frames a second, as the container says."""

    @property
    def frames(self) -> int:
        """The frames that are shown."""
        return len(self.times)

    @property
    def even(self) -> bool:
        """Whether all are shown equally long, but for the rounding of their times."""
        if self.rate is None or len(self.times) < 2:
            return True
        period = 1 / self.rate
        start = self.times[0]
        return all(
            abs((at - start) * self.base - place * period) <= 2 * self.base
            for place, at in enumerate(self.times)
        )

    @property
    def seconds(self) -> Fraction | None:
        """How long all of them are shown; None where nothing tells."""
        if self.rate is not None and self.even:
            return self.frames / self.rate
        if not self.times or not self.last:
            return None
        return (self.times[-1] - self.times[0] + self.last) * self.base


def timing(path: Path) -> Timing:
    """Read through a file's first video stream packet by packet; nothing is decoded.

    Raises:
        MediaError: it cannot be read, or has no video; names the file.
    """
    times: list[int] = []
    lasts: list[int] = []
    hidden = 0
    with opened(path) as container:
        stream = video_stream(container, path)
        base, rate = stream.time_base or Fraction(1, 1000), stream.average_rate or None
        for packet in container.demux(stream):
            # An empty packet ends the stream; a discarded one lies outside the edit list and is never shown.
            if not packet.size:
                continue
            if packet.is_discard:
                hidden += 1
                continue
            times.append(packet.pts if packet.pts is not None else len(times))
            lasts.append(packet.duration or 0)
    shown = sorted(range(len(times)), key=times.__getitem__)
    delay = max((stored - place for place, stored in enumerate(shown)), default=0)
    ordered = tuple(times[place] for place in shown)
    return Timing(ordered, base, delay, hidden, lasts[shown[-1]] if shown else 0, rate)


def count_frames(path: Path) -> int:
    """The frames of a file's first video stream, counted by its packets; nothing is decoded.

    Raises:
        MediaError: it cannot be read, or has no video; names the file.
    """
    return timing(path).frames
