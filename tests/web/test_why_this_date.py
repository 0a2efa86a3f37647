"""Why this date: the API, the desk and the citizen's page say how each came about, in both languages."""

from __future__ import annotations

import httpx
import msgspec

from complaints_service.tickets import commands as c
from complaints_service.tickets.model import Priority
from tests.office import TheOffice
from tests.web.desk_pages import sign_in


async def test_the_api_explains_every_deadline(http: httpx.AsyncClient, the_office: TheOffice) -> None:
    filed = await the_office.file()
    await the_office.act(filed.number, c.SetPriority(priority=Priority.URGENT), "petugas")
    await sign_in(http, the_office, "petugas")
    answer = await http.get(f"/api/v1/tickets/{filed.number}/deadlines", headers={"Accept-Language": "en"})
    assert answer.status_code == 200
    items = {item["target"]: item for item in msgspec.json.decode(answer.content)["items"]}
    assert items["attend"]["measure"] == "calendar_minutes"
    assert items["answer"]["counted_from"] is not None
    assert (items["answer"]["pauses"], items["answer"]["recounted"]) == ([], [])
    assert "counted from" in items["answer"]["steps"][1]
    assert items["sign"]["policy_version"] == 1
    assert all(item["steps"][-1].startswith("due") for item in items.values())


async def test_the_citizen_reads_why_this_date_in_both_languages(
    http: httpx.AsyncClient, the_office: TheOffice
) -> None:
    filed = await the_office.file()
    await http.post("/lacak", data={"number": filed.number, "code": filed.tracking_code})
    page = await http.get(f"/t/{filed.number}", headers={"Accept-Language": "id"})
    assert page.text.count("Mengapa tanggal ini?") == 2
    assert "hari kerja ke-3" in page.text
    # How the office's own rules stand with the law is not the citizen's worry.
    assert "Dihitung menurut kalender kantor" in page.text
    assert "PermenPANRB" not in page.text
    english = await http.get(f"/t/{filed.number}", headers={"Accept-Language": "en"})
    assert english.text.count("Why this date?") == 2
    assert "working day 3" in english.text
