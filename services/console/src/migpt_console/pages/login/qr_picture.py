"""An address as a QR code, drawn here: no picture is fetched from anywhere."""

from __future__ import annotations

import qrcode

_QUIET_ZONE = 3


def qr_svg(address: str) -> str:
    """SVG that holds nothing but squares; black on white, as phones expect it in dark mode too."""
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=_QUIET_ZONE)
    code.add_data(address)
    code.make(fit=True)
    rows = code.get_matrix()
    squares = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, is_dark in enumerate(row) if is_dark)
    size = len(rows)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" shape-rendering="crispEdges" role="img"'
        f' aria-label="QR"><rect width="{size}" height="{size}" fill="#fff"/><path d="{squares}" fill="#000"/></svg>'
    )
