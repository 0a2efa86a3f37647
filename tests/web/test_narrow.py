"""What does not fit a telephone: wide tables keep what is in them, and mails need no scrolling sideways."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from complaints_service.notifications.rendering import Renderer
from tests.office import TheOffice
from tests.web.accessibility import sideways_scroll
from tests.web.conftest import Visit

# A row with hidden words in its last, far cell, as in the result of a simulation.
_WIDE_TABLE = """() => {
  const wrap = document.createElement("div");
  wrap.className = "table-wrap";
  const row = document.createElement("table").insertRow();
  const first = row.insertCell();
  first.className = "nowrap";
  first.textContent = "x".repeat(300);
  const hidden = document.createElement("span");
  hidden.className = "visually-hidden";
  hidden.textContent = "played";
  row.insertCell().append(hidden);
  wrap.append(row.closest("table"));
  document.querySelector("main").append(wrap);
}"""


async def test_a_wide_table_scrolls_by_itself_hidden_words_too(visit: Visit, the_office: TheOffice) -> None:
    page = await visit("/masuk?next=/desk", width=360, height=740)
    await page.fill('input[name="username"]', "petugas")
    await page.fill('input[name="password"]', the_office.passwords["petugas"])
    await page.press('input[name="password"]', "Enter")
    await page.wait_for_url("**/desk*")
    await page.evaluate(_WIDE_TABLE)
    assert await page.locator(".table-wrap").last.evaluate("e => e.scrollWidth > e.clientWidth")
    assert await sideways_scroll(page) == 0


def a_list_mail(kind: str, language: str) -> str:
    """A mail that lists tickets, each of its fields as long as they come."""
    line = SimpleNamespace(
        url="https://office.example/desk/t/LT-2026-000013",
        number="LT-2026-000013",
        about="lainnya, percepatan paspor (selesai pada hari yang sama)",
        level="Eskalasi 3",
        due_at=datetime(2026, 11, 30, 9, tzinfo=UTC),
        late="3 minggu",
        holder="Seksi Intaltuskim, Agus Setiawan",
    )
    office = SimpleNamespace(name="Kantor Imigrasi", address="Jalan Lintas Sumatra", phone="0725 555 0110")
    figures = SimpleNamespace(overdue=15, due_soon=2, unassigned=10, mine=0, open=19)
    context: dict[str, Any] = {
        "at": datetime(2026, 12, 1, 0, 30, tzinfo=UTC),
        "figures": figures,
        "url": "https://office.example/desk",
        "lines": [line] * 3,
        "count": 7,
        "level": 3,
        "more": 4,
        "office": office,
        "language": language,
    }
    return Renderer().email(kind, context, language, "Asia/Jakarta").html


async def shown(chromium: Browser, html: str, scheme: Any) -> Page:
    context = await chromium.new_context(viewport={"width": 360, "height": 740}, color_scheme=scheme)
    page = await context.new_page()
    await page.set_content(html)
    return page


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize("kind", ["digest", "roll_up"])
async def test_a_mail_with_a_list_fits_a_telephone_and_follows_the_colours(
    chromium: Browser, kind: str, language: str
) -> None:
    html = a_list_mail(kind, language)
    grounds: list[str] = []
    for scheme in ("light", "dark"):
        page = await shown(chromium, html, scheme)
        assert await sideways_scroll(page) == 0
        grounds.append(await page.locator(".sheet").evaluate("e => getComputedStyle(e).backgroundColor"))
        await page.context.close()
    assert grounds == ["rgb(255, 255, 255)", "rgb(26, 34, 42)"]
