"""Before somebody files: an officer writes, a citizen reads and is helped, or goes on and loses nothing."""

from __future__ import annotations

import re
import uuid

import httpx

from complaints_service.accounts.model import Via, Viewer
from complaints_service.database import SYSTEM
from complaints_service.guidance.service import GuidanceDesk
from complaints_service.wiring import Services
from tests.app_client import PLAIN
from tests.office import TheOffice
from tests.web.accessibility import Axe, sideways_scroll
from tests.web.conftest import Visit
from tests.web.desk_pages import open_as, sign_in
from tests.web.test_public_filing import ANSWERS, form_id_in

ROOT = "/desk/panduan"


def words(**more: object) -> dict[str, object]:
    """A short answer that no other test has."""
    title = f"Bagaimana cara {uuid.uuid4().hex[:8]}?"
    return {
        "kind": "answer", "version": "0", "title_id": title, "text_id": "Datang pada jam layanan.\n\n<b>Bukan HTML</b>",
        "services": ["itap"], "step": "save", **more,
    }  # fmt: skip


async def token_of(http: httpx.AsyncClient, path: str = f"{ROOT}/baru") -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', (await http.get(path)).text)
    assert found
    return found[1]


async def write(http: httpx.AsyncClient, the_office: TheOffice, **more: object) -> tuple[int, str]:
    """An officer saves a text; its id and heading."""
    await sign_in(http, the_office, "petugas")
    sent = words(csrf_token=await token_of(http), **more)
    assert (await http.post(f"{ROOT}/baru", data=sent)).status_code == 303
    title = str(sent["title_id"])
    made = re.search(rf'{ROOT}/(\d+)">{re.escape(title)}', (await http.get(ROOT)).text)
    assert made
    return int(made[1]), title


async def hide(the_office: TheOffice, guidance_id: int) -> None:
    """No other test sees it."""
    async with the_office.services.database.transaction(SYSTEM) as connection:
        await connection.execute("UPDATE guidance SET active = false WHERE id = $1", guidance_id)
    await the_office.services.offices.refresh()


async def test_a_preview_saves_nothing_and_shows_both_languages(http: httpx.AsyncClient, the_office: TheOffice) -> None:
    await sign_in(http, the_office, "atasan")
    sent = words(
        csrf_token=await token_of(http), step="preview", title_en="How do I?", text_en="Come when we are open."
    )
    page = await http.post(f"{ROOT}/baru", data=sent)
    assert page.status_code == 200
    assert 'lang="en"' in page.text and "Come when we are open." in page.text
    assert "&lt;b&gt;Bukan HTML&lt;/b&gt;" in page.text
    assert str(sent["title_id"]) not in (await http.get(ROOT)).text
    wrong = await http.post(f"{ROOT}/baru", data={**sent, "text_id": "", "step": "save"})
    assert wrong.status_code == 422
    assert 'href="#text_id"' in wrong.text and "Come when we are open." in wrong.text


async def test_of_two_who_save_the_second_sees_both_texts(http: httpx.AsyncClient, the_office: TheOffice) -> None:
    made, title = await write(http, the_office)
    token = await token_of(http, f"{ROOT}/{made}")
    first = words(csrf_token=token, version="1", title_id=title, text_id="Teks orang pertama.")
    second = {**first, "text_id": "Teks orang kedua."}
    assert (await http.post(f"{ROOT}/{made}", data=first)).status_code == 303
    stale = await http.post(f"{ROOT}/{made}", data=second)
    assert stale.status_code == 412
    assert "Teks orang pertama." in stale.text and "Teks orang kedua." in stale.text
    assert 'name="version" value="2"' in stale.text
    assert (await http.post(f"{ROOT}/{made}", data={**second, "version": "2"})).status_code == 303
    history = (await http.get(f"{ROOT}/{made}")).text
    assert history.count("timeline-entry") == 3
    person = await the_office.person("petugas")
    assert person.name in history
    await hide(the_office, made)


async def test_who_is_helped_is_counted_once_and_who_goes_on_files_as_always(
    http: httpx.AsyncClient, site: str, the_office: TheOffice, services: Services
) -> None:
    made, title = await write(http, the_office)
    async with httpx.AsyncClient(base_url=site, headers={"Accept-Language": "id"}, verify=PLAIN) as citizen:
        assert title not in (await citizen.get("/?layanan=itas")).text
        page = await citizen.get("/?layanan=itap")
        assert title in page.text and "Apakah ini menjawab?" in page.text
        for _ in range(2):
            answer = await citizen.post("/terbantu", data={"guidance": str(made), "service": "itap"})
            assert (answer.status_code, answer.headers["location"]) == (303, "/terbantu?layanan=itap")
        assert '/?layanan=itap"' in (await citizen.get("/terbantu?layanan=itap")).text
        sent = await citizen.post("/", data={**ANSWERS, "service": "itap", "form_id": form_id_in(page), "step": "send"})
        assert sent.status_code == 303
    viewer = await _viewer(the_office)
    today = (await the_office.now()).date()
    standings = await GuidanceDesk(services.database, services.offices).standings(viewer, today)
    assert {s.text.id: s.helped for s in standings}[made] == 1
    await hide(the_office, made)


async def test_a_hidden_text_is_kept_but_shows_no_more(http: httpx.AsyncClient, the_office: TheOffice) -> None:
    made, title = await write(http, the_office, kind="incident", services=[])
    assert title in (await http.get("/")).text
    token = await token_of(http, f"{ROOT}/{made}")
    hidden = await http.post(f"{ROOT}/{made}", data={"csrf_token": token, "version": "1", "step": "hide"})
    assert hidden.status_code == 303
    assert title not in (await http.get("/")).text
    assert title in (await http.get(ROOT)).text


async def test_the_pages_of_the_desk_are_usable_by_everybody(
    visit: Visit, axe: Axe, http: httpx.AsyncClient, the_office: TheOffice
) -> None:
    page = await open_as(visit, http, the_office, "petugas", ROOT, width=390)
    for path in (ROOT, f"{ROOT}/baru?jenis=incident", f"{ROOT}/1"):
        await page.goto(path)
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme)
            assert await axe.broken_rules(page) == {}
        assert await sideways_scroll(page) <= 0


async def _viewer(the_office: TheOffice) -> Viewer:
    office = await the_office.office()
    return Viewer(person=await the_office.person("petugas"), office=office, scopes=frozenset(), via=Via.COOKIE)
