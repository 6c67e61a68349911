"""An address as a QR code made of half blocks, two rows of the code in each line; pure."""

from __future__ import annotations

import qrcode

_BORDER = 2
#: By what is dark: above, below.
_BLOCKS = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


def qr_lines(content: str) -> list[str]:
    """The lines of the drawing, to be shown black on white: blocks stand for what is dark."""
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_L, border=_BORDER)
    code.add_data(content)
    code.make(fit=True)
    rows: list[list[bool]] = code.get_matrix()
    if len(rows) % 2:
        rows = [*rows, [False] * len(rows[0])]
    return [
        "".join(_BLOCKS[above, below] for above, below in zip(upper, lower, strict=True))
        for upper, lower in zip(rows[::2], rows[1::2], strict=True)
    ]
