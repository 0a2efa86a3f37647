"""What does not fit a telephone: wide tables keep what is in them, and mails need no scrolling sideways."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, Literal

import httpx
import pytest
from playwright.async_api import Browser, Page

from complaints_service.notifications.rendering import Renderer
from complaints_service.office.look import Look
from tests.office import TheOffice
from tests.web.accessibility import sideways_scroll
from tests.web.conftest import Visit
from tests.web.desk_pages import open_as

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
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


async def test_a_wide_table_scrolls_by_itself_hidden_words_too(
    visit: Visit, http: httpx.AsyncClient, the_office: TheOffice
) -> None:
    page = await open_as(visit, http, the_office, "petugas", "/desk", width=360, height=740)
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
    office = SimpleNamespace(
        name="Kantor Imigrasi",
        address="Jalan Lintas Sumatra",
        phone="0725 555 0110",
        look=Look(contact="Senin sampai Jumat"),
    )
    figures = SimpleNamespace(overdue=15, due_soon=2, unassigned=10, mine=0, open=19)
    context: dict[str, Any] = {
        "at": datetime(2026, 12, 1, 0, 30, tzinfo=UTC),
        "figures": figures,
        "url": "https://office.example/desk",
        "lines": [line] * 3,
        "count": 7,
        "level": 3,
        "urgent": False,
        "more": 4,
        "office": office,
        "language": language,
    }
    return Renderer().email(kind, context, language, "Asia/Jakarta").html


@pytest.fixture(scope="module")
async def telephone(chromium: Browser) -> AsyncIterator[Page]:
    """A narrow page of nobody's site."""
    context = await chromium.new_context(viewport={"width": 360, "height": 740})
    yield await context.new_page()
    await context.close()


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize("kind", ["digest", "roll_up"])
async def test_a_mail_with_a_list_fits_a_telephone_and_follows_the_colours(
    telephone: Page, kind: str, language: str
) -> None:
    await telephone.set_content(a_list_mail(kind, language))
    grounds: list[str] = []
    for scheme in SCHEMES:
        await telephone.emulate_media(color_scheme=scheme)
        assert await sideways_scroll(telephone) == 0
        grounds.append(await telephone.locator(".sheet").evaluate("e => getComputedStyle(e).backgroundColor"))
    assert grounds == ["rgb(255, 255, 255)", "rgb(26, 34, 42)"]


@pytest.mark.parametrize("language", ["id-ID", "en-GB"])
@pytest.mark.parametrize("path", ["/", "/lacak"])
async def test_the_three_entries_of_the_menu_stay_in_one_row(visit: Visit, path: str, language: str) -> None:
    page = await visit(path, width=320, language=language)
    tops = await page.eval_on_selector_all(
        ".site-nav :is(a, button)", "all => all.map((e) => Math.round(e.getBoundingClientRect().top / 20))"
    )
    assert len(tops) == 3
    assert len(set(tops)) == 1
