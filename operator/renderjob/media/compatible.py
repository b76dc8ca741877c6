"""Whether chunk videos can be joined as they are: what must be equal, and the sentence when it is not."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import fields
from fractions import Fraction
from pathlib import Path

from .errors import MergeError
from .probe import StreamParameters, Timing, timing

TOLERATED_SECONDS = Fraction(1, 1000)
"""A part's sound may be this much longer or shorter than its pictures: a sample or two of rounding."""

_HVCC_HEADER = 22
_SEI_TYPES = frozenset({39, 40})
_ADVICE = (
    "Render all chunks with the same settings, or set the merge's codec to h264 (or another that encodes)"
)


def difference(first: StreamParameters, other: StreamParameters) -> tuple[str, object, object] | None:
    """The first parameter that two streams differ in, with both values; None when they can be joined."""
    for field in fields(StreamParameters):
        mine, theirs = getattr(first, field.name), getattr(other, field.name)
        if field.name == "average_rate" and (mine is None or theirs is None):
            continue
        if field.name == "extradata":
            mine, theirs = setup(first), setup(other)
        if mine != theirs:
            return field.name, mine, theirs
    return None


def require_same(parts: Sequence[Path], parameters: Sequence[StreamParameters]) -> None:
    """Refuse to join parts without encoding when a decoder or a player would stumble at the joint.

    Raises:
        MergeError: names the two parts, the parameter and both values, and what to do.
    """
    for part, each in zip(parts[1:], parameters[1:], strict=True):
        found = difference(parameters[0], each)
        if found is not None:
            name, mine, theirs = found
            raise MergeError(
                f"chunks {parts[0].name} and {part.name} cannot be joined without encoding again: {name} is "
                f"{_told(mine)} in {parts[0].name} and {_told(theirs)} in {part.name}. {_ADVICE}"
            )
    if len(parts) > 1:
        for part, each in zip(parts, parameters, strict=True):
            _require_pcm(part, each)


def _require_pcm(part: Path, stream: StreamParameters) -> None:
    for audio in stream.audio:
        if not audio.codec.startswith("pcm_"):
            raise MergeError(
                f"chunk {part.name} has {audio.codec} audio, which is coded in overlapping blocks with "
                "padding and clicks at every joint when it is joined as it is. Render the chunks with PCM "
                "audio (-c:a pcm_s16le in .mov or .mkv) or without audio, or set the merge's codec to h264 "
                "(or another that encodes)"
            )


def require_shown_whole(parts: Sequence[Path], timings: Sequence[Timing]) -> None:
    """Refuse to join parts as they are when one holds frames that are not shown: joined, they would be.

    Raises:
        MergeError: names the part and what to do.
    """
    for part, each in zip(parts, timings, strict=True):
        if each.hidden and len(parts) > 1:
            raise MergeError(
                f"chunk {part.name} holds {each.hidden} frames that it does not show (it was cut without encoding, "
                f"so that it begins or ends between key frames); joined as it is, they would be shown, or others "
                f"at wrong times. {_ADVICE}"
            )


def require_times(written: Path, target: Path, timings: Sequence[Timing]) -> None:
    """Refuse a result that shows frames at other times than its parts, one after the other, do.

    Raises:
        MergeError: says where, and what to do.
    """
    found = timing(written)
    grain = 2 * max([found.base, *(each.base for each in timings)])
    begin, at = Fraction(0), 0
    for each in timings:
        for time in each.times:
            wanted = begin + (time - each.times[0]) * each.base
            shown = (found.times[at] - found.times[0]) * found.base
            if abs(wanted - shown) > grain:
                raise MergeError(
                    f"{target.name} would show its frame {at + 1} at {float(shown):.4f} s where the chunks have it "
                    f"at {float(wanted):.4f} s; it was not kept. {_ADVICE}"
                )
            at += 1
        # Without a length nobody can tell when the next part begins: as soon as it did.
        if each.seconds is None:
            return
        begin += each.seconds


def require_fitting_sound(
    parts: Sequence[Path], parameters: Sequence[StreamParameters], timings: Sequence[Timing]
) -> None:
    """Refuse to join parts as they are when a sound is not as long as its pictures: each joint adds to it.

    Args:
        parts: the files, for their names.
        parameters: theirs.
        timings: when each part's frames are shown.

    Raises:
        MergeError: names the part and both lengths, and what to do.
    """
    # The last one's length moves nothing.
    for part, each, times in list(zip(parts, parameters, timings, strict=True))[:-1]:
        length = times.seconds
        begin = times.times[0] * times.base if times.times else Fraction(0)
        for audio in each.audio:
            if audio.start is not None and abs(audio.start - begin) > TOLERATED_SECONDS:
                raise MergeError(
                    f"chunk {part.name} begins its sound {float(audio.start - begin):.4f} s after its pictures; "
                    "joined as it is, sound and picture would drift apart. Render sound that begins with the "
                    "first frame, or set the merge's codec to h264 (or another that encodes)"
                )
            if (
                length is not None
                and audio.seconds is not None
                and abs(audio.seconds - length) > TOLERATED_SECONDS
            ):
                raise MergeError(
                    f"chunk {part.name} has {float(audio.seconds):.4f} s of sound to {float(length):.4f} s "
                    "of pictures; joined as it is, sound and picture would drift apart. Render sound of "
                    "the frames' exact length, or set the merge's codec to h264 (or another that "
                    "encodes), which cuts or fills it up"
                )


def _told(value: object) -> str:
    if isinstance(value, bytes):
        digest = hashlib.sha256(value).hexdigest()[:12]
        return f"{len(value)} bytes with SHA-256 {digest}…" if value else "empty"
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return "unknown" if value is None else str(value)


def setup(stream: StreamParameters) -> bytes:
    """The decoder's setup without what no decoder needs.

    x265 writes its options, the number of threads among them, into the setup as an SEI message: the same
    command on a node with other cores would look like other parameters.
    """
    if stream.codec != "hevc" or stream.extradata[:1] != b"\x01":
        return stream.extradata
    return _without_sei(stream.extradata)


def _without_sei(record: bytes) -> bytes:
    """An HEVCDecoderConfigurationRecord (ISO/IEC 14496-15, 8.3.3.1.2) less its arrays of SEI messages."""
    kept = [record[:_HVCC_HEADER]]
    at = _HVCC_HEADER + 1
    while at + 3 <= len(record):
        start, kind = at, record[at] & 0x3F
        units = int.from_bytes(record[at + 1 : at + 3])
        at += 3
        for _ in range(units):
            at += 2 + int.from_bytes(record[at : at + 2])
        if kind not in _SEI_TYPES:
            kept.append(record[start:at])
    return b"".join(kept)
