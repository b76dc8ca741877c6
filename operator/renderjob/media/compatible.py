"""Whether chunk videos can be joined as they are: what must be equal, and the sentence when it is not."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import fields
from fractions import Fraction
from pathlib import Path

from .errors import MergeError
from .probe import StreamParameters

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


def require_fitting_sound(
    parts: Sequence[Path], parameters: Sequence[StreamParameters], seconds: Sequence[Fraction]
) -> None:
    """Refuse to join parts as they are when a sound is not as long as its pictures: each joint adds to it.

    Args:
        parts: the files, for their names.
        parameters: theirs.
        seconds: how long each part's frames play.

    Raises:
        MergeError: names the part and both lengths, and what to do.
    """
    # The last one's length moves nothing.
    for part, each, length in list(zip(parts, parameters, seconds, strict=True))[:-1]:
        for audio in each.audio:
            if audio.seconds is not None and abs(audio.seconds - length) > TOLERATED_SECONDS:
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
