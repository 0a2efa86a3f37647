"""The page behind the button of a mail, in a browser: asked once who it is, then one press; readable for everybody."""

from __future__ import annotations

import httpx
import msgspec

from complaints_service.database import SYSTEM, queries
from complaints_service.notifications.facts import TicketFacts
from complaints_service.tickets.filed import Filed
from tests.office import TheOffice
from tests.web.accessibility import Axe, fold_out, small_targets, too_wide_for
from tests.web.conftest import Visit
from tests.web.desk_pages import open_as


async def link_for(the_office: TheOffice, filed: Filed, username: str) -> str:
    """The path of the button in a mail to this person."""
    person, services = await the_office.person(username), the_office.services
    async with services.database.transaction(SYSTEM) as connection:
        row = await queries("outbox").ticket_facts(
            connection, office_id=filed.office_id, ticket_id=filed.ticket_id, event_seq=None
        )
        mail = await connection.fetchval("SELECT max(id) FROM outbox WHERE ticket_id = $1", filed.ticket_id)
        facts = msgspec.json.decode(row["facts"], type=TicketFacts)
        token = await services.links.for_person(connection, filed.office_id, facts, person.id, mail)
    return f"/a/{token}"


async def test_a_new_device_signs_in_once_and_then_one_press_is_enough(the_office: TheOffice, visit: Visit) -> None:
    first, second = await the_office.file(), await the_office.file()
    page = await visit(await link_for(the_office, first, "atasan"), width=390, script=False)
    assert await page.locator("main button").count() == 0
    await page.get_by_role("link", name="Masuk dan lanjutkan").click()
    await page.get_by_label("Nama pengguna").fill("atasan")
    await page.get_by_label("Kata sandi").fill(the_office.passwords["atasan"])
    await page.get_by_role("button", name="Masuk", exact=True).click()
    await page.get_by_role("button", name="Saya menanganinya").click()
    assert await page.get_by_role("heading", name="Terima kasih, sudah dicatat").is_visible()
    assert (await the_office.file_of(first.number)).events[-1].type == "acknowledged"
    await page.context.clear_cookies(name="session")
    await page.goto(await link_for(the_office, second, "atasan"))
    await page.get_by_role("button", name="Saya menanganinya").click()
    assert (await the_office.file_of(second.number)).events[-1].type == "acknowledged"


async def test_everybody_can_read_and_use_it(
    http: httpx.AsyncClient, the_office: TheOffice, visit: Visit, axe: Axe
) -> None:
    path = await link_for(the_office, await the_office.file(), "atasan")
    for username in ("", "petugas2", "atasan"):
        page = await open_as(visit, http, the_office, username, path) if username else await visit(path)
        await fold_out(page)
        assert await axe.broken_in(page, ("light", 1280), ("dark", 390)) == {}, username
        assert await small_targets(page) == []
        assert await too_wide_for(page, 320, 768) == {}
