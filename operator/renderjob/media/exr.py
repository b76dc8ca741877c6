"""The header of an OpenEXR file: its layers, and which of them is the picture."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from .errors import MediaError, MergeError

_MAGIC: Final = b"\x76\x2f\x31\x01"
_DEEP: Final = 0x800
_PARTS: Final = 0x1000
_TILED: Final = 0x200
_VERSION: Final = 2
_PART_NUMBER, _LINE, _TILE = 4, 4, 16
"""Bytes before a block's size: the number of its part, its first line, or where its tile lies."""
_BOX: Final = 16
"""Bytes of a window's four numbers."""

_MOST_HEADER: Final = 4 << 20
"""Bytes of a header that are read."""

_PROBED: Final = 16
"""Blocks, spread evenly, that are looked at to tell whether anything was written in their places."""

_MOST_NAMED: Final = 12
"""Layers that a sentence names."""

_USUAL: Final = ("composite", "combined", "beauty", "rgba", "rgb", "color", "colour")
"""How renderers call the layer that is the picture, the most telling first: `Composite.Combined`, `beauty`."""


@dataclass(frozen=True, slots=True)
class Layer:
    """Channels that are one picture."""

    part: int
    prefix: str
    """What stands before `.R` in its channels' names; empty for plain R, G and B."""
    name: str
    """What a user calls it."""

    def settings(self) -> dict[str, str]:
        """Options for a decoder, by their names. It gets the part as a file of its own."""
        return {"layer": self.prefix} if self.prefix else {}


@dataclass(frozen=True, slots=True)
class _Part:
    name: str
    channels: tuple[str, ...]
    deep: bool
    chunks: int
    """Blocks of lines, or tiles; 0 where the header does not tell."""
    tiled: bool
    header: bytes
    """As it is written, to its end."""


def layers(path: Path) -> list[Layer]:
    """The layers of an EXR file that are pictures: that have R, G and B, or Y.

    Raises:
        MediaError: it can't be read, or is no EXR file; names it.
    """
    return _layers(_parts(path))


def is_exr(path: Path) -> bool:
    """Whether a file begins as an EXR file does, whatever its name."""
    try:
        with path.open("rb") as file:
            return file.read(4) == _MAGIC
    except OSError:
        return False


def choose_layer(path: Path, asked: str = "") -> Layer:
    """The layer that is asked for; without a word the one that is the picture.

    Without names for its channels that is the file itself; else what renderers call so (Blender's Combined);
    else the only one.

    Raises:
        MergeError: it is not there, or nothing says which is meant; names those that are.
        MediaError: the file can't be read; names it.
    """
    parts = _parts(path)
    found = _layers(parts)
    if not found:
        why = (
            "holds deep pictures, which ffmpeg can't read" if any(p.deep for p in parts) else "has no picture"
        )
        channels = ", ".join(name for part in parts for name in part.channels)[:200]
        raise MergeError(f"{path} {why} (its channels: {channels or 'none'})")
    if asked:
        return _asked(path, found, asked)
    plain = [layer for layer in found if not layer.prefix and layer.part == 0]
    if plain and len(parts) == 1:
        return plain[0]
    for usual in _USUAL:
        for layer in found:
            if usual in layer.name.lower().split("."):
                return layer
    if plain or len(found) == 1:
        return (plain or found)[0]
    raise MergeError(f"{path} has {len(found)} layers and none that is called Combined: {_choice(found)}")


def require_whole(path: Path) -> None:
    """Refuse a file that ends before its last block of lines does, or in which nothing was written in the place of one:
    ffmpeg would show the rest black, in silence.

    Raises:
        MediaError: it is cut short; names it.
    """
    try:
        with path.open("rb") as file:
            blocks = _Blocks(file)
            size = file.seek(0, 2)
            offsets = [offset for table in blocks.tables for offset in table]
            whole = not offsets or (min(offsets) > 0 and blocks.end(max(offsets)) <= size)
            step = max(1, len(offsets) // _PROBED)
            whole = whole and all(blocks.size(offset) > 0 for offset in [*offsets[::step], *offsets[-1:]])
    except OSError as error:
        raise MediaError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, struct.error):
        whole = False
    if not whole:
        raise MediaError(f"{path} cannot be read: it is cut short")


def extract_part(path: Path, part: int, target: Path) -> None:
    """Write one part of a file as a file of its own: ffmpeg reads the first one only.

    Raises:
        MediaError: it can't be read, or written.
    """
    try:
        with path.open("rb") as file, target.open("wb") as written:
            blocks = _Blocks(file)
            chosen, table = blocks.parts[part], blocks.tables[part]
            head = _MAGIC + struct.pack("<I", _VERSION | (_TILED if chosen.tiled else 0)) + chosen.header
            at = len(head) + 8 * len(table)
            ends = [(offset + _PART_NUMBER, blocks.end(offset)) for offset in table]
            starts = [at]
            for begin, end in ends[:-1]:
                starts.append(starts[-1] + end - begin)
            written.write(head + struct.pack(f"<{len(table)}Q", *starts))
            for begin, end in ends:
                file.seek(begin)
                written.write(file.read(end - begin))
    except OSError as error:
        raise MediaError(
            f"a part of {path} can't be read and written to {target}: {error.strerror}"
        ) from error
    except (ValueError, IndexError, struct.error) as error:
        raise MediaError(f"{path} cannot be read: it is cut short") from error


class _Blocks:
    """Where the blocks of lines, or tiles, of a file's parts lie."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        (flags,) = struct.unpack("<I", file.read(8)[4:])
        header = _Header(file)
        self.parts = list(_headers(header, flags))
        self._several = bool(flags & _PARTS)
        self._tiled = bool(flags & _TILED)
        file.seek(8 + header.position)
        counts = [part.chunks for part in self.parts]
        # Where a header does not tell how many there are, nothing is known of what follows.
        known = all(counts) and not any(part.deep for part in self.parts)
        self.tables = [struct.unpack(f"<{n}Q", file.read(8 * n)) for n in counts] if known else []

    def end(self, offset: int) -> int:
        """Where a block ends that begins at an offset."""
        return self._data(offset)[1]

    def size(self, offset: int) -> int:
        """Bytes of the lines, or of the tile, in a block that begins at an offset."""
        begin, end = self._data(offset)
        return end - begin

    def _data(self, offset: int) -> tuple[int, int]:
        before, tiled = 0, self._tiled
        if self._several:
            self._file.seek(offset)
            (number,) = struct.unpack("<I", self._file.read(_PART_NUMBER))
            before, tiled = _PART_NUMBER, self.parts[number].tiled
        before += _TILE if tiled else _LINE
        self._file.seek(offset + before)
        (length,) = struct.unpack("<I", self._file.read(4))
        begin = offset + before + 4
        return begin, begin + int(length)


def _asked(path: Path, found: Sequence[Layer], asked: str) -> Layer:
    exact = [layer for layer in found if asked in (layer.name, layer.prefix)]
    exact += [layer for layer in found if asked.lower() in (layer.name.lower(), layer.prefix.lower())]
    if exact:
        return exact[0]
    ending = [layer for layer in found if f".{layer.name}".lower().endswith(f".{asked.lower()}")]
    if len(ending) == 1:
        return ending[0]
    there = "is several layers of" if ending else "is no layer of"
    raise MergeError(f"merge.ffmpeg.layer {asked!r} {there} {path}: {_choice(ending or found)}")


def _choice(found: Sequence[Layer]) -> str:
    names = [layer.name or "(without a name: leave layer out)" for layer in found]
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"set merge.ffmpeg.layer to one of {', '.join(names[:_MOST_NAMED])}{more}"


def _layers(parts: Sequence[_Part]) -> list[Layer]:
    found = []
    for number, part in enumerate(parts):
        if part.deep:
            continue
        grouped: dict[str, set[str]] = {}
        for channel in part.channels:
            prefix, _, last = channel.rpartition(".")
            grouped.setdefault(prefix, set()).add(last.upper())
        for prefix, there in grouped.items():
            if {"R", "G", "B"} <= there or "Y" in there:
                found.append(Layer(number, prefix, _name(parts, part, prefix)))
    return found


def _name(parts: Sequence[_Part], part: _Part, prefix: str) -> str:
    if len(parts) == 1 or not part.name:
        return prefix
    if not prefix or prefix == part.name or prefix.startswith(f"{part.name}."):
        return prefix or part.name
    return f"{part.name}.{prefix}"


def _parts(path: Path) -> list[_Part]:
    try:
        with path.open("rb") as file:
            head = file.read(8)
            if head[:4] != _MAGIC:
                raise MediaError(f"{path} cannot be read: it is no EXR file")
            (flags,) = struct.unpack("<I", head[4:])
            return list(_headers(_Header(file), flags))
    except (OSError, ValueError, struct.error) as error:
        raise MediaError(f"{path} cannot be read: its EXR header is damaged ({error})") from error


class _Header:
    """Reads a header's fields, and never more than a header is long."""

    def __init__(self, file: IO[bytes]) -> None:
        self._data = file.read(_MOST_HEADER)
        self._at = 0

    @property
    def position(self) -> int:
        """Bytes read so far."""
        return self._at

    def since(self, begin: int) -> bytes:
        """What was read from a position on."""
        return self._data[begin : self._at]

    def text(self) -> str:
        end = self._data.index(b"\0", self._at)
        text = self._data[self._at : end].decode("utf-8", "replace")
        self._at = end + 1
        return text

    def number(self) -> int:
        (number,) = struct.unpack_from("<i", self._data, self._at)
        self._at += 4
        return int(number)

    def take(self, size: int) -> bytes:
        if size < 0 or self._at + size > len(self._data):
            raise ValueError("cut short")
        self._at += size
        return self._data[self._at - size : self._at]


def _headers(header: _Header, flags: int) -> Iterator[_Part]:
    while True:
        begin = header.position
        name = header.text()
        if not name:
            return
        attributes: dict[str, bytes] = {}
        while name:
            header.text()  # the attribute's type
            attributes[name] = header.take(header.number())
            name = header.text()
        kind = attributes.get("type", b"").decode("utf-8", "replace")
        yield _Part(
            attributes.get("name", b"").decode("utf-8", "replace"),
            tuple(_channels(attributes.get("channels", b"\0"))),
            kind.startswith("deep") or (not kind and bool(flags & _DEEP)),
            _chunks(attributes),
            kind == "tiledimage" or (not kind and bool(flags & _TILED)),
            header.since(begin),
        )
        if not flags & _PARTS:
            return


_LINES: Final = {0: 1, 1: 1, 2: 1, 3: 16, 4: 32, 5: 16, 6: 32, 7: 32, 8: 32, 9: 256}
"""Lines of a block, by the number of its compression."""


def _chunks(attributes: Mapping[str, bytes]) -> int:
    """The blocks of a part's picture; 0 where that does not follow from its header."""
    if "chunkCount" in attributes:
        return max(0, int.from_bytes(attributes["chunkCount"], "little", signed=True))
    lines = _LINES.get(attributes.get("compression", b"\xff")[0], 0)
    if "tiles" in attributes or not lines or len(attributes.get("dataWindow", b"")) != _BOX:
        return 0
    _, top, _, bottom = struct.unpack("<iiii", attributes["dataWindow"])
    return max(0, -(-(int(bottom) - int(top) + 1) // lines))


def _channels(data: bytes) -> Iterator[str]:
    at = 0
    while at < len(data) and data[at]:
        end = data.index(b"\0", at)
        yield data[at:end].decode("utf-8", "replace")
        at = end + 1 + 16
