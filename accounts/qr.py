"""QR codes that our content policy lets through: one path of an SVG, without styles or scripts."""

from dataclasses import dataclass

import qrcode

BORDER = 4  # modules that must stay blank around it (ISO/IEC 18004)


@dataclass(frozen=True)
class QrCode:
    """`path` is the `d` of an SVG path in a square of `size` units."""

    size: int
    path: str


def qr_code(text: str) -> QrCode:
    """Medium error correction, with its quiet zone."""
    made = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, border=BORDER)
    made.add_data(text)
    made.make(fit=True)
    rows = made.get_matrix()
    squares = (f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, is_dark in enumerate(row) if is_dark)
    return QrCode(size=len(rows), path="".join(squares))
