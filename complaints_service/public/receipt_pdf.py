"""The receipt of a case as a PDF on one A4 page: what the page shows, with a QR of the tracking page. No I/O but the fonts."""

from __future__ import annotations

import io
from pathlib import Path

import segno

from complaints_service.public.receipt import Receipt

# Of the front-end parts; without them a font that every reader has is used, and what it cannot write is a question mark.
_FONTS = {
    "": "atkinson-hyperlegible-next-latin-400-normal.woff",
    "B": "atkinson-hyperlegible-next-latin-700-normal.woff",
}
_PLAIN = "helvetica"
_INK, _QUIET, _LINE = (23, 33, 43), (74, 87, 99), (205, 211, 216)
_MARGIN, _QR, _KEY, _LOGO = 20.0, 36.0, 44.0, 14.0


def receipt_pdf(receipt: Receipt, fonts: Path) -> bytes:
    """The document, with title and language for those who have it read aloud. ``fonts``: the folder of the parts. Takes a while."""
    # Here and not above: together with its fonts the library takes as much memory as a worker has to spare.
    from fpdf import FPDF, ViewerPreferences

    pdf = FPDF(format="A4")
    pdf.set_margin(_MARGIN)
    pdf.c_margin = 0
    pdf.set_auto_page_break(auto=True, margin=_MARGIN)
    pdf.set_title(receipt.title)
    pdf.set_author(receipt.office)
    pdf.set_lang(receipt.language)
    pdf.set_creation_date(receipt.made_at)
    pdf.viewer_preferences = ViewerPreferences(display_doc_title=True)
    pdf.core_fonts_encoding = "cp1252"
    family = _PLAIN
    if all((fonts / name).is_file() for name in _FONTS.values()):
        family = "atkinson"
        for style, name in _FONTS.items():
            pdf.add_font(family, style, fonts / name)

    def write(
        text: str,
        size: float,
        *,
        bold: bool = False,
        ink: tuple[int, int, int] = _INK,
        wide: float = 0,
        line: float = 0,
    ) -> None:
        pdf.set_font(family, "B" if bold else "", size)
        pdf.set_text_color(*ink)
        plain = text if family != _PLAIN else text.encode("cp1252", "replace").decode("cp1252")
        pdf.multi_cell(wide, line or size * 0.5, plain, align="L", new_x="LMARGIN", new_y="NEXT")

    pdf.add_page()
    pdf.set_fill_color(*receipt.accent)
    pdf.rect(0, 0, pdf.w, 4, style="F")
    if receipt.logo is not None:
        pdf.image(io.BytesIO(receipt.logo), h=_LOGO)
        pdf.ln(3)
    write(receipt.office, 13, bold=True)
    write(receipt.contact, 9.5, ink=_QUIET)
    pdf.ln(8)
    write(receipt.title, 20, bold=True, ink=receipt.accent)
    pdf.ln(4)
    pdf.set_draw_color(*_LINE)
    top = pdf.get_y()
    picture = io.BytesIO()
    segno.make_qr(receipt.address, error="m").save(picture, kind="png", scale=8, border=0)
    pdf.image(picture, x=pdf.w - _MARGIN - _QR, y=top + 3, w=_QR, alt_text=receipt.address_label)
    values = pdf.epw - _QR - 8 - _KEY
    for label, value in receipt.rows:
        pdf.line(_MARGIN, pdf.get_y(), _MARGIN + _KEY + values, pdf.get_y())
        pdf.ln(2)
        row = pdf.get_y()
        write(label, 10, ink=_QUIET, wide=_KEY, line=6)
        below = pdf.get_y()
        pdf.set_xy(_MARGIN + _KEY, row)
        write(value, 12, bold=True, wide=values)
        pdf.set_y(max(below, pdf.get_y()) + 2)
    pdf.set_y(max(pdf.get_y(), top + _QR + 3) + 8)
    write(receipt.steps_title, 14, bold=True)
    pdf.ln(2)
    for step in receipt.steps:
        write(step.title, 11, bold=True)
        write(step.text, 11)
        pdf.ln(3)
    pdf.ln(3)
    write(receipt.note, 10, ink=_QUIET)
    write(receipt.address, 11, bold=True)
    return bytes(pdf.output())
