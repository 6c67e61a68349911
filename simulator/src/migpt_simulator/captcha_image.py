"""A small picture of digits, as PNG."""

from __future__ import annotations

import struct
import zlib

__all__ = ["draw_digits"]

_GLYPHS = {
    "0": "111101101101111", "1": "010110010010111", "2": "111001111100111", "3": "111001111001111",
    "4": "101101111001001", "5": "111100111001111", "6": "111100111101111", "7": "111001010010010",
    "8": "111101111101111", "9": "111101111001111",
}  # fmt: skip
_SCALE = 8


def draw_digits(text: str) -> bytes:
    """The digits of `text` in black on white, 3 x 5 dots each."""
    rows = []
    for y in range(-1, 6):
        dots = "0"
        for digit in text:
            dots += (_GLYPHS[digit][y * 3 : y * 3 + 3] if 0 <= y < 5 else "000") + "0"
        pixels = b"".join((b"\x00" if dot == "1" else b"\xff") * _SCALE for dot in dots)
        rows += [b"\x00" + pixels] * _SCALE  # each row begins with its filter type
    width, height = (len(text) * 4 + 1) * _SCALE, len(rows)

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"".join(rows)))
        + chunk(b"IEND", b"")
    )
