"""Pages of policy and ladder: everybody can use them, nothing that was typed is lost, and publishing shows first what it does."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from html import unescape

import httpx
import pytest

from complaints_service.accounts.model import ALL_SCOPES, Via, Viewer
from complaints_service.management import effects_count
from complaints_service.management.policies.drafts import Drafts
from complaints_service.management.policies.service import Policies
from complaints_service.management.policies.standing import Standing, standing_of
from complaints_service.sla.policy_document import document_of
from complaints_service.waker import NoWaker
from tests.faults.service import eventually
from tests.office import TheOffice
from tests.web.accessibility import Axe, fold_out, sideways_scroll
from tests.web.conftest import Visit
from tests.web.desk_pages import open_as, sign_in

ROOT = "/admin/kebijakan"
STATES = (
    "versions", "version", "compared", "draft", "draft with mistakes", "review", "ladder", "ladder of a draft", "rung",
    "rung with mistakes",
)  # fmt: skip


async def the_viewer(the_office: TheOffice) -> Viewer:
    return Viewer(
        person=await the_office.person("admin"), office=await the_office.office(), scopes=ALL_SCOPES, via=Via.TOKEN
    )


async def a_draft(the_office: TheOffice) -> int:
    """A new draft of the version in force."""
    viewer = await the_viewer(the_office)
    document = document_of(viewer.office.policy_at(await the_office.now()))
    return await Drafts(the_office.services.database).add(viewer, "Uji coba", document)


@pytest.fixture(autouse=True)
async def _taken_back(the_office: TheOffice) -> AsyncIterator[None]:
    """What was published is taken back, so that other tests keep their policy."""
    yield
    viewer, now = await the_viewer(the_office), await the_office.now()
    policies = Policies(the_office.services.database, the_office.services.offices, NoWaker())
    for version in viewer.office.policies:
        if standing_of(version, viewer.office, now) is Standing.COMING:
            await policies.withdraw(viewer, version, "only a test")


def fields_of(html: str) -> dict[str, str]:
    """What the page's form sends when nobody touches it."""
    form = next(form for form in re.findall(r"<form\b.*?</form>", html, re.DOTALL) if 'name="version"' in form)
    fields: dict[str, str] = {}
    for tag in re.findall(r"<input\b[^>]*>", form):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and (not re.search(r'type="(?:checkbox|radio)"', tag) or " checked" in tag):
            fields[name[1]] = unescape(value[1]) if value else "on"
    for name, choices in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', choices) or re.search(r'value="([^"]*)"', choices)
        fields[name] = chosen[1] if chosen else ""
    for name, text in re.findall(r'<textarea[^>]* name="([^"]+)"[^>]*>\n?(.*?)</textarea>', form, re.DOTALL):
        fields[name] = unescape(text)
    return fields


async def send(http: httpx.AsyncClient, path: str, deed: str, **words: str) -> httpx.Response:
    """Open the page's form, write these words, press the button."""
    fields = fields_of((await http.get(path)).text)
    return await http.post(
        path, data=fields | {name.replace("__", "."): word for name, word in words.items()} | {"do": deed}
    )


@pytest.mark.parametrize("state", STATES)
async def test_page_breaks_no_rule_and_is_never_wider_than_the_window(
    http: httpx.AsyncClient, the_office: TheOffice, visit: Visit, axe: Axe, state: str
) -> None:
    await sign_in(http, the_office, "admin")
    draft = await a_draft(the_office)
    konsep = f"{ROOT}/konsep/{draft}"
    if state == "draft with mistakes":
        await send(http, konsep, "save", targets__0__amount="tiga", pauses__0__limit_amount="0", legal_source="")
    if state == "rung with mistakes":
        await send(http, f"{konsep}/jenjang/0", "save", offset_amount="jauh", level="")
    path = {
        "versions": ROOT,
        "version": f"{ROOT}/1",
        "compared": f"{ROOT}/banding?dari=1&ke=1",
        "draft with mistakes": f"{konsep}?periksa=1",
        "review": f"{konsep}/terbitkan",
        "ladder": "/admin/eskalasi",
        "ladder of a draft": f"/admin/eskalasi?konsep={draft}",
    }.get(state, f"{konsep}/jenjang/0" if state.startswith("rung") else konsep)
    for scheme, width, language in (("light", 1366, "id-ID"), ("dark", 360, "en-GB")):
        look = {"scheme": scheme, "width": width, "language": language}
        page = await open_as(visit, http, the_office, "admin", path, **look)
        await fold_out(page)
        assert await axe.broken_rules(page) == {}, look
        assert await sideways_scroll(page) == 0, look


async def test_a_draft_is_written_row_by_row_without_script(
    http: httpx.AsyncClient, the_office: TheOffice, visit: Visit
) -> None:
    draft = await a_draft(the_office)
    page = await open_as(visit, http, the_office, "admin", f"{ROOT}/konsep/{draft}", language="en-GB", script=False)
    await page.get_by_role("button", name="Add a row to “Sign of life”").click()
    row = page.get_by_role("group", name="Sign of life, row 1")
    await row.get_by_label("Time").fill("4")
    await row.get_by_label("Priority").select_option(label="urgent")
    await page.get_by_role("button", name="Save the draft").first.click()
    await page.get_by_text("The draft is saved.").wait_for()
    await page.get_by_role("button", name="Review and publish").first.click()
    change = page.get_by_role("row").filter(has_text="Sign of life: priority urgent")
    assert "4 working days" in await change.inner_text()


async def test_nothing_is_lost_on_mistakes_and_each_stands_beside_its_field(
    http: httpx.AsyncClient, the_office: TheOffice
) -> None:
    await sign_in(http, the_office, "admin")
    path = f"{ROOT}/konsep/{await a_draft(the_office)}"
    answer = await send(
        http, path, "publish", targets__1__amount="<b>tiga</b>", pauses__0__limit_amount="0", name="Baru"
    )
    text = answer.text
    assert answer.status_code == 422
    assert 'value="&lt;b&gt;tiga&lt;/b&gt;"' in text
    assert 'id="targets-1-amount-error"' in text
    assert 'id="pauses-0-limit_amount-error"' in text
    assert 'href="#targets-1-amount"' in text
    again = (await http.get(path)).text
    assert 'value="&lt;b&gt;tiga&lt;/b&gt;"' in again, "kept in the draft"
    assert 'value="Baru"' in again


async def test_who_comes_second_sees_it_and_keeps_the_own_words(http: httpx.AsyncClient, the_office: TheOffice) -> None:
    await sign_in(http, the_office, "admin")
    path = f"{ROOT}/konsep/{await a_draft(the_office)}"
    opened = fields_of((await http.get(path)).text)
    await send(http, path, "save", legal_source="Dari yang lain")
    second = await http.post(path, data=opened | {"legal_source": "Dari saya", "do": "save"})
    assert second.status_code == 412
    assert 'value="Dari saya"' in second.text
    assert "Dari yang lain" in (await http.get(path)).text
    third = await http.post(path, data=fields_of(second.text) | {"do": "save"})
    assert third.status_code == 303
    assert 'value="Dari saya"' in (await http.get(path)).text


async def test_a_rung_is_added_changed_moved_and_removed(http: httpx.AsyncClient, the_office: TheOffice) -> None:
    await sign_in(http, the_office, "admin")
    draft = await a_draft(the_office)
    ladder, konsep = f"/admin/eskalasi?konsep={draft}", f"{ROOT}/konsep/{draft}"
    page = (await http.get(ladder)).text
    made = await http.post(f"{konsep}/jenjang", data=fields_of(page) | {"do": "add.answer"})
    rung = made.headers["location"]
    assert "tidak memberi tahu siapa pun" in unescape((await http.get(ladder)).text)
    wrong = await send(http, rung, "save", when="after", offset_amount="7", level="0", receivers__named="siapa\nx@y")
    assert wrong.status_code == 422
    assert 'id="receivers-error"' in wrong.text
    assert 'id="level-error"' in wrong.text
    assert "siapa\nx@y" in wrong.text
    fields = {"when": "after", "offset_amount": "7", "level": "3", "receivers.named": "kepala", "note": "<i>Segera</i>"}
    right = await http.post(rung, data=fields_of((await http.get(rung)).text) | fields | {"do": "save"})
    assert right.status_code == 303
    drawn = (await http.get(ladder)).text
    assert "7 hari kerja setelah batas waktu" in drawn
    assert "&lt;i&gt;Segera&lt;/i&gt;" in drawn
    place = rung.rpartition("/")[2]
    up = await http.post(f"{konsep}/jenjang", data=fields_of(drawn) | {"do": f"up.ladder.{place}"})
    assert up.headers["location"].endswith(f"#ladder-{int(place) - 1}")
    gone = await send(http, f"{konsep}/jenjang/{int(place) - 1}", "remove")
    assert gone.status_code == 303
    assert "7 hari kerja setelah batas waktu" not in (await http.get(ladder)).text


async def test_an_old_form_changes_no_other_rung(http: httpx.AsyncClient, the_office: TheOffice) -> None:
    await sign_in(http, the_office, "admin")
    draft = await a_draft(the_office)
    konsep = f"{ROOT}/konsep/{draft}"
    opened = fields_of((await http.get(f"{konsep}/jenjang/0")).text)
    await send(http, f"{konsep}/jenjang/0", "remove")
    before = (await http.get(f"/admin/eskalasi?konsep={draft}")).text
    late = await http.post(f"{konsep}/jenjang/0", data=opened | {"note": "Kata saya", "do": "save"})
    assert late.status_code == 412
    assert 'value="Kata saya"' in late.text
    stale = await http.post(f"{konsep}/jenjang", data=opened | {"do": "remove.ladder.0"})
    assert stale.status_code == 412
    assert (await http.get(f"/admin/eskalasi?konsep={draft}")).text == before


async def test_publishing_for_open_cases_shows_first_what_it_does(
    http: httpx.AsyncClient, the_office: TheOffice
) -> None:
    await the_office.file()
    await sign_in(http, the_office, "admin")
    draft = await a_draft(the_office)
    konsep = f"{ROOT}/konsep/{draft}"
    last = max(
        place
        for place, words in enumerate(
            re.findall(r'name="targets\.\d+\.target" value="(\w+)"', (await http.get(konsep)).text)
        )
        if words == "answer"
    )
    saved = await http.post(
        konsep, data=fields_of((await http.get(konsep)).text) | {f"targets.{last}.amount": "20", "do": "publish"}
    )
    assert saved.headers["location"] == f"{konsep}/terbitkan"
    day = f"{await the_office.now() + timedelta(days=365):%Y-%m-%d}"
    words = {"why": "Uji coba", "when": "later", "day": day, "applies_to_open": "yes"}
    first = await send(http, f"{konsep}/terbitkan", "go", **words)
    assert first.status_code == 200
    assert "Akibatnya bagi tiket terbuka" in first.text
    assert 'value="Uji coba"' in first.text or ">\nUji coba</textarea>" in first.text
    versions = len((await the_office.office()).policies)
    second = await http.post(f"{konsep}/terbitkan", data=fields_of(first.text) | {"do": "publish"})
    assert second.status_code == 303, second.text
    shown = await http.get(second.headers["location"])
    assert "telah diterbitkan" in shown.text
    assert "20 hari kerja" in shown.text
    assert len((await the_office.office()).policies) == versions + 1
    assert (await http.get(konsep)).status_code == 404, "the draft has ended"
    assert (await http.post(f"{konsep}/terbitkan", data=fields_of(first.text) | {"do": "publish"})).status_code == 404
    # A second version from the same date is refused beside its field, before its effects are counted.
    other = await send(http, f"{ROOT}/konsep/{await a_draft(the_office)}/terbitkan", "go", **words, time="13:00")
    assert other.status_code == 422
    taken = re.search(r'id="day-error">.*?</p>', unescape(other.text), re.DOTALL)
    assert taken is not None
    assert f"Versi {max((await the_office.office()).policies)} sudah ditetapkan berlaku sejak tanggal ini." in taken[0]


async def test_over_many_tickets_the_effects_of_a_policy_are_counted_in_the_background(
    http: httpx.AsyncClient, the_office: TheOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(effects_count, "COUNTED_AT_ONCE", 0)
    await the_office.file()
    await sign_in(http, the_office, "admin")
    path = f"{ROOT}/konsep/{await a_draft(the_office)}/terbitkan"
    words = {"why": "Uji coba", "when": "later", "day": "2031-03-03", "applies_to_open": "yes"}
    first = await send(http, path, "go", **words)
    assert "tiket terbuka sudah dihitung" in first.text
    assert 'value="publish"' not in first.text
    job = re.search(r'name="hitung" value="([^"]+)"', first.text)
    assert job is not None

    async def counted() -> bool:
        return 'class="figures"' in (await http.get(f"{path}?hitung={job[1]}")).text

    assert await eventually(counted)
    # What the script takes out of the answer: the effects, and the button that publishes after a look at them.
    shown = (await http.get(f"{path}?hitung={job[1]}")).text
    assert re.search(r'id="publish-actions">\s*<input type="hidden" name="effects_of"', shown)
    # Without a script the same form is sent again: it shows the effects, with every word that was written.
    again = await http.post(path, data=fields_of(first.text) | {"do": "go", "hitung": job[1]})
    assert again.status_code == 200
    assert 'class="figures"' in again.text
    assert "Uji coba" in again.text
    assert (await http.get(f"/admin/simulasi/{job[1]}")).status_code == 404, "a count is no simulation"


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"why": ""}, "why"),
        ({"why": "Uji", "when": "later", "day": ""}, "day"),
        ({"why": "Uji", "when": "later", "day": "2026-02-31"}, "day"),
        ({"why": "Uji", "when": "later", "day": "2020-01-01"}, "day"),
        ({"why": "Uji", "when": "later", "day": "9999-12-31"}, "day"),
        ({"why": "x" * 2500, "when": "later", "day": "2099-01-01"}, "day"),
    ],
)
async def test_a_publication_that_is_not_in_order_is_refused_beside_its_field(
    http: httpx.AsyncClient, the_office: TheOffice, words: dict[str, str], field: str
) -> None:
    await sign_in(http, the_office, "admin")
    path = f"{ROOT}/konsep/{await a_draft(the_office)}/terbitkan"
    answer = await send(http, path, "go", **words)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text


async def test_a_wrong_draft_cannot_be_published(http: httpx.AsyncClient, the_office: TheOffice) -> None:
    await sign_in(http, the_office, "admin")
    konsep = f"{ROOT}/konsep/{await a_draft(the_office)}"
    form = fields_of((await http.get(f"{konsep}/terbitkan")).text)
    await send(http, konsep, "save", targets__0__amount="0")
    review = await http.get(f"{konsep}/terbitkan")
    assert "Ini perlu diperbaiki" in review.text
    assert f'href="{konsep}?periksa=1"' in review.text
    stale = await http.post(f"{konsep}/terbitkan", data=form | {"why": "Uji coba", "do": "go"})
    assert stale.status_code == 412
    current = {**form, "version": str(int(form["version"]) + 1)}
    for words in ({}, {"applies_to_open": "yes"}):
        answer = await http.post(f"{konsep}/terbitkan", data={**current, "why": "Uji coba", "do": "go"} | words)
        assert answer.status_code == 422


@pytest.mark.parametrize(
    "path",
    [
        f"{ROOT}/0", f"{ROOT}/99999999999999999999", f"{ROOT}/konsep/99999999999999999999", f"{ROOT}/banding?dari=x&ke=1",
        f"{ROOT}/banding?dari=1", "/admin/eskalasi?konsep=x", "/admin/eskalasi?versi=77", "/admin/eskalasi?konsep=²",
        f"{ROOT}/konsep/0/jenjang/0",
    ],
)  # fmt: skip
async def test_addresses_that_mean_nothing_are_not_found(
    http: httpx.AsyncClient, the_office: TheOffice, path: str
) -> None:
    await sign_in(http, the_office, "admin")
    assert (await http.get(path)).status_code == 404


async def test_a_draft_of_nonsense_can_be_looked_at_everywhere(http: httpx.AsyncClient, the_office: TheOffice) -> None:
    await sign_in(http, the_office, "admin")
    draft = await a_draft(the_office)
    konsep = f"{ROOT}/konsep/{draft}"
    rung = {
        "when": "<x>",
        "offset_amount": "1e9",
        "offset_measure": "moons",
        "act": "boom",
        "level": "-3",
        "note": "n" * 1999,
    }
    assert (
        await send(http, f"{konsep}/jenjang/0", "save", **rung, raise_priority="low", receivers__named="a@b..\nx")
    ).status_code == 422
    fields = fields_of((await http.get(konsep)).text)
    nonsense = {name: "<b>" for name in fields if name.startswith(("targets.", "pauses."))}
    assert (await http.post(konsep, data=fields | nonsense | {"do": "save"})).status_code == 422
    for path in (
        konsep,
        f"{konsep}?periksa=1",
        f"{konsep}/jenjang/0",
        f"{konsep}/terbitkan",
        f"/admin/eskalasi?konsep={draft}",
        ROOT,
    ):
        page = await http.get(path)
        assert page.status_code == 200, path
        assert "<b>" not in page.text, path


async def test_a_form_without_its_token_changes_nothing(http: httpx.AsyncClient, the_office: TheOffice) -> None:
    await sign_in(http, the_office, "admin")
    konsep = f"{ROOT}/konsep/{await a_draft(the_office)}"
    fields = fields_of((await http.get(konsep)).text)
    del fields["csrf_token"]
    assert (await http.post(konsep, data=fields | {"do": "delete"})).status_code == 403
    assert (await http.get(konsep)).status_code == 200
    deleted = await send(http, konsep, "delete")
    assert deleted.status_code == 303
    assert (await http.get(konsep)).status_code == 404
