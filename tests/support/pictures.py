"""Pictures of known samples, written byte by byte: PNG, DPX and OpenEXR, small and without a library."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

Sample = Callable[[int, int], Sequence[float]]
"""The samples of a pixel at x, y: 0 to 1 each."""

_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}


def png(
    path: Path, size: tuple[int, int], sample: Sample, *, bits: int = 8, gamma: float | None = None
) -> Path:
    """A PNG: grey, grey and alpha, RGB or RGBA, as the number of samples says."""
    width, height = size
    most = (1 << bits) - 1
    form = "B" if bits == 8 else "H"
    rows = []
    for y in range(height):
        row = [round(value * most) for x in range(width) for value in sample(x, y)]
        rows.append(b"\0" + struct.pack(f">{len(row)}{form}", *row))
    channels = len(sample(0, 0))
    header = struct.pack(">IIBBBBB", width, height, bits, _COLOUR_TYPES[channels], 0, 0, 0)
    chunks = [(b"IHDR", header)]
    if gamma is not None:
        chunks.append((b"gAMA", struct.pack(">I", round(gamma * 100000))))
    chunks += [(b"IDAT", zlib.compress(b"".join(rows))), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    return path


def dpx(path: Path, size: tuple[int, int], sample: Sample, *, transfer: int = 0, bits: int = 10) -> Path:
    """A DPX of RGB samples with a transfer characteristic of SMPTE 268M: 2 is linear, 6 is Rec. 709."""
    width, height = size
    header = bytearray(2048)
    struct.pack_into(">4sI8sI", header, 0, b"SDPX", 2048, b"V1.0", 2048 + width * height * 4)
    struct.pack_into(">HHII", header, 768, 0, 1, width, height)
    struct.pack_into(
        ">IIfIfBBBBHHI", header, 780, 0, 0, 0.0, 0, 0.0, 50, transfer, transfer, bits, 1, 0, 2048
    )
    words = []
    for y in range(height):
        for x in range(width):
            red, green, blue = (round(value * 1023) for value in sample(x, y))
            words.append(red << 22 | green << 12 | blue << 2)
    path.write_bytes(bytes(header) + struct.pack(f">{len(words)}I", *words))
    return path


Layers = Mapping[str, Sample]
"""By their names, as channels have them before `.R`; empty for plain R, G, B (and A)."""


def exr(path: Path, size: tuple[int, int], layers: Layers, *, parts: bool = False) -> Path:
    """An uncompressed OpenEXR of half floats; with `parts`, each layer is a part of its own and of that name."""
    if parts:
        blocks = [_exr_part(size, {"": sample}, name) for name, sample in layers.items()]
    else:
        blocks = [_exr_part(size, layers, "")]
    flags = 2 | (0x1000 if parts else 0)
    head = struct.pack("<II", 20000630, flags) + b"".join(header for header, _ in blocks)
    head += b"\0" if parts else b""
    height = size[1]
    tables = 8 * height * len(blocks)
    at, table, data = len(head) + tables, [], b""
    for number, (_, lines) in enumerate(blocks):
        for y, line in enumerate(lines):
            table.append(at + len(data))
            part = struct.pack("<i", number) if parts else b""
            data += part + struct.pack("<ii", y, len(line)) + line
    path.write_bytes(head + struct.pack(f"<{len(table)}Q", *table) + data)
    return path


def _exr_part(size: tuple[int, int], layers: Layers, name: str) -> tuple[bytes, list[bytes]]:
    width, height = size
    channels = []
    for layer, sample in layers.items():
        letters = "RGBA"[: len(sample(0, 0))] if len(sample(0, 0)) > 1 else "Z"
        for index, letter in enumerate(letters):
            channels.append((f"{layer}.{letter}" if layer else letter, sample, index))
    channels.sort(key=lambda channel: channel[0])
    listed = b"".join(n.encode() + b"\0" + struct.pack("<iiii", 1, 0, 1, 1) for n, _, _ in channels) + b"\0"
    window = struct.pack("<iiii", 0, 0, width - 1, height - 1)
    attributes = [
        ("channels", "chlist", listed),
        ("compression", "compression", b"\0"),
        ("dataWindow", "box2i", window),
        ("displayWindow", "box2i", window),
        ("lineOrder", "lineOrder", b"\0"),
        ("pixelAspectRatio", "float", struct.pack("<f", 1)),
        ("screenWindowCenter", "v2f", struct.pack("<ff", 0, 0)),
        ("screenWindowWidth", "float", struct.pack("<f", 1)),
    ]
    if name:
        attributes += [
            ("name", "string", name.encode()),
            ("type", "string", b"scanlineimage"),
            ("chunkCount", "int", struct.pack("<i", height)),
        ]
    header = b"".join(
        key.encode() + b"\0" + kind.encode() + b"\0" + struct.pack("<i", len(value)) + value
        for key, kind, value in attributes
    )
    lines = [
        b"".join(
            struct.pack(f"<{width}e", *(sample(x, y)[index] for x in range(width)))
            for _, sample, index in channels
        )
        for y in range(height)
    ]
    return header + b"\0", lines
