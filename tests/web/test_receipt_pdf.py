"""The receipt as a PDF: number, dates and a QR of the tracking page; the code only for the browser that may see it."""

from __future__ import annotations

import re
import zlib
from pathlib import Path

import httpx
import msgspec
import pytest

from complaints_service.frontend_parts import vendor_dir
from complaints_service.public.receipt import receipt_of
from complaints_service.public.receipt_pdf import receipt_pdf
from tests.office import TheOffice
from tests.web.test_public_case import open_case

FORM = {
    "kind": "complaint",
    "privacy": "open",
    "step": "send",
    "description": "Sudah sepuluh hari paspor saya belum jadi.",
}
LONGEST = 200_000


def plain(document: bytes) -> str:
    """Everything in it, unpacked; what is written in the font that needs no embedding can be read."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", document, re.DOTALL)
    return b"\n".join(zlib.decompress(s) if s[:1] == b"x" else s for s in streams).decode("cp1252", "replace")


async def test_the_confirmation_gives_it_with_the_code_and_the_case_without(
    http: httpx.AsyncClient, the_office: TheOffice
) -> None:
    sent = await http.post("/", data=FORM)
    number = sent.headers["location"].rpartition("/")[2]
    addresses = [f"/terkirim/{number}/tanda-terima.pdf", f"/t/{number}/tanda-terima.pdf"]
    for page, address in zip((f"/terkirim/{number}", f"/t/{number}"), addresses, strict=True):
        assert f'href="{address}"' in (await http.get(page)).text
        got = await http.get(address)
        assert (got.status_code, got.headers["content-type"]) == (200, "application/pdf")
        assert got.headers["content-disposition"] == f'attachment; filename="{number}.pdf"'
        assert got.headers["cache-control"] == "no-store"
        assert got.content.startswith(b"%PDF-")
        assert len(got.content) < LONGEST
        assert b"/Lang (id)" in got.content
        assert b"/Alt " in got.content

    # Opened by number and code the receipt is not this browser's, as the page is not; the case is.
    filed = await the_office.file()
    await open_case(http, filed)
    refused = await http.get(f"/terkirim/{filed.number}/tanda-terima.pdf")
    assert (refused.status_code, refused.headers["location"]) == (303, "/lacak")
    assert (await http.get(f"/t/{filed.number}/tanda-terima.pdf")).status_code == 200
    for nonsense, status in (("LT-2026-999999", 303), ("x" * 300, 303), ("%00", 303), ("..%2F..%2Fetc", 404)):
        assert (await http.get(f"/t/{nonsense}/tanda-terima.pdf")).status_code == status


@pytest.mark.parametrize("language", ["id", "en"])
async def test_it_says_number_dates_and_where_to_look_and_the_code_only_when_given(
    the_office: TheOffice, tmp_path: Path, language: str
) -> None:
    filed = await the_office.file()
    office, file = await the_office.office(), await the_office.file_of(filed.number)
    own = receipt_of(file, office, language, "https://pengaduan.example.go.id", filed.tracking_code)
    later = receipt_of(file, office, language, "https://pengaduan.example.go.id")
    for receipt, has_code in ((own, True), (later, False)):
        written = plain(receipt_pdf(receipt, tmp_path))
        assert filed.number in written
        assert (filed.tracking_code in written) == has_code
        assert f"example.go.id/lacak?nomor={filed.number}" in written
        assert office.units[file.ticket.unit_id].name in written
    due = re.compile({"id": r"20\d\d pukul", "en": r"20\d\d at"}[language])
    for receipt in (own, later):
        assert sum(due.search(step.text) is not None for step in receipt.steps) == 2


async def test_a_name_in_any_script_and_of_any_length_does_not_stop_it(the_office: TheOffice, tmp_path: Path) -> None:
    filed = await the_office.file()
    receipt = receipt_of(await the_office.file_of(filed.number), await the_office.office(), "id", "https://example.org")
    odd = msgspec.structs.replace(receipt, office="出入国 " * 60, contact="\U0001f600 ()\\ \t" + "x" * 600)
    for fonts in (tmp_path, vendor_dir() / "atkinson"):
        assert receipt_pdf(odd, fonts).startswith(b"%PDF-")
