"""Figures of today on the real database. Other tests file tickets too, so each test looks at what its own tickets add."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest

from complaints_service.accounts.model import ALL_SCOPES, Via, Viewer
from complaints_service.desk.queue_filters import asked_from, filters_of
from complaints_service.management.figures import Figures
from complaints_service.management.service import Management
from complaints_service.management.views import today_page
from complaints_service.tickets.commands import Answer, Ask, Assign, Close, Rate, Start, Verify
from complaints_service.tickets.model import Channel
from tests.office import TheOffice


async def viewer_of(the_office: TheOffice, username: str) -> Viewer:
    """Somebody who looks at the page."""
    return Viewer(
        person=await the_office.person(username), office=await the_office.office(), scopes=ALL_SCOPES, via=Via.COOKIE
    )


async def figures_for(the_office: TheOffice, username: str = "kepala") -> Figures:
    """The figures somebody sees now."""
    return await Management(the_office.services.database).today(await viewer_of(the_office, username))


async def received_ago(the_office: TheOffice, days: int, **values: object) -> str:
    """File a letter that came some days ago; its number."""
    received_at = await the_office.now() - timedelta(days=days)
    return (await the_office.file(channel=Channel.LETTER, received_at=received_at, **values)).number


async def test_open_overdue_and_unassigned_are_counted(the_office: TheOffice) -> None:
    before = await figures_for(the_office)
    old = await received_ago(the_office, 90)
    await received_ago(the_office, 1)
    after = await figures_for(the_office)
    assert after.now.owed == before.now.owed + 2
    assert after.now.overdue == before.now.overdue + 1
    assert after.now.unassigned == before.now.unassigned + 2
    await the_office.act(old, Assign(assignee="petugas"), "atasan")
    assert (await figures_for(the_office)).now.unassigned == before.now.unassigned + 1


async def test_the_oldest_case_is_named(the_office: TheOffice) -> None:
    number = await received_ago(the_office, 300)
    figures = await figures_for(the_office)
    assert figures.now.oldest_received_at is not None
    oldest = figures.now.oldest_received_at
    assert figures.now.at - oldest >= timedelta(days=300)
    assert figures.now.oldest_age is not None
    assert figures.now.oldest_age > 180
    file = await the_office.file_of(figures.now.oldest_number or "")
    assert file.ticket.received_at == oldest <= (await the_office.file_of(number)).ticket.received_at


async def test_a_case_that_waits_for_the_reporter_is_not_overdue(the_office: TheOffice) -> None:
    number = await received_ago(the_office, 90)
    for command in (Verify(), Start()):
        await the_office.act(number, command, "petugas")
    before = await figures_for(the_office)
    await the_office.act(number, Ask(text="Kapan Anda membayar?"), "petugas")
    after = await figures_for(the_office)
    assert after.now.overdue == before.now.overdue - 1
    assert after.now.owed == before.now.owed


async def test_a_promise_counts_once_it_is_kept_or_its_time_is_over(the_office: TheOffice) -> None:
    def of(figures: Figures, target: str) -> tuple[int, int]:
        return next((stage.met, stage.n) for stage in figures.stages if stage.target == target)

    before = await figures_for(the_office)
    on_time, late = await received_ago(the_office, 0), await received_ago(the_office, 30)
    after_filing = await figures_for(the_office)
    met, n = of(before, "verify")
    # The late one's verification fell due within the 30 days; nothing has been decided about the fresh one.
    assert of(after_filing, "verify") == (met, n + 1)
    for number in (on_time, late):
        for command in (Verify(), Start(), Answer(text="Sudah jadi.")):
            await the_office.act(number, command, "petugas")
    after = await figures_for(the_office)
    assert of(after, "verify") == (met + 1, n + 2)
    met, n = of(before, "answer")
    assert of(after, "answer") == (met + 1, n + 2)


async def test_the_backlog_stands_in_the_band_of_its_age(the_office: TheOffice) -> None:
    before = await figures_for(the_office)
    for days in (0, 40, 140):
        await received_ago(the_office, days)
    after = await figures_for(the_office)
    grown = {b.words: b.n - a.n for a, b in zip(before.bands, after.bands, strict=True) if b.n != a.n}
    assert sum(grown.values()) == 3
    assert {"0–3", "15–60", ">60"} >= set(grown)
    assert sum(band.n for band in after.bands) == after.now.owed == sum(unit.n for unit in after.units)


async def test_in_and_out_of_this_week(the_office: TheOffice) -> None:
    before = (await figures_for(the_office)).weeks[-1]
    number = (await the_office.file()).number
    for command in (Verify(), Start(), Answer(text="Sudah jadi."), Close()):
        await the_office.act(number, command, "petugas")
    after = (await figures_for(the_office)).weeks[-1]
    assert (after.came_in, after.went_out) == (before.came_in + 1, before.went_out + 1)


async def test_ratings_count_by_score(the_office: TheOffice) -> None:
    before = (await figures_for(the_office)).satisfaction
    filed = await the_office.file()
    for command in (Verify(), Start(), Answer(text="Sudah jadi.")):
        await the_office.act(filed.number, command, "petugas")
    await the_office.move_clock(timedelta(seconds=11))
    await the_office.reporter_acts(filed, Rate(score=2))
    after = (await figures_for(the_office)).satisfaction
    assert after.by_score[1] == before.by_score[1] + 1
    assert after.n == before.n + 1


@pytest.mark.parametrize(("username", "counts"), [("petugas", 1), ("petugas2", 0), ("atasan", 1), ("kanwil", 1)])
async def test_everybody_sees_only_the_figures_of_their_units(
    the_office: TheOffice, username: str, counts: int
) -> None:
    before = await figures_for(the_office, username)
    await received_ago(the_office, 90)
    after = await figures_for(the_office, username)
    assert after.now.owed == before.now.owed + counts
    assert after.now.overdue == before.now.overdue + counts
    assert sum(band.n for band in after.bands) == sum(band.n for band in before.bands) + counts
    assert sum(unit.n for unit in after.units) == sum(unit.n for unit in before.units) + counts
    assert sum(week.came_in for week in after.weeks) == sum(week.came_in for week in before.weeks)


async def test_a_complaint_about_oneself_is_in_none_of_the_figures(the_office: TheOffice) -> None:
    supervisor, head = await figures_for(the_office, "atasan"), await figures_for(the_office, "kepala")
    await received_ago(the_office, 90, reported_person="Hendra Gunawan")
    after = await figures_for(the_office, "atasan")
    assert (after.now.owed, after.now.overdue) == (supervisor.now.owed, supervisor.now.overdue)
    assert (after.units, after.weeks, after.stages) == (supervisor.units, supervisor.weeks, supervisor.stages)
    assert [band.n for band in after.bands] == [band.n for band in supervisor.bands]
    assert (await figures_for(the_office, "kepala")).now.owed == head.now.owed + 1


async def test_the_list_behind_a_number_has_as_many_tickets(the_office: TheOffice) -> None:
    for days in (0, 2, 9, 30, 200):
        await received_ago(the_office, days)
    viewer = await viewer_of(the_office, "kepala")
    figures = await figures_for(the_office)
    page = today_page(figures, viewer.office, viewer.unit_ids, "id")
    links: dict[str, tuple[str, int]] = {
        "overdue": (page["links"]["overdue"], figures.now.overdue),  # pyright: ignore[reportIndexIssue]
        "due soon": (page["links"]["due_soon"], figures.now.due_soon),  # pyright: ignore[reportIndexIssue]
        "unassigned": (page["links"]["unassigned"], figures.now.unassigned),  # pyright: ignore[reportIndexIssue]
        "owed": (str(page["owed_link"]), figures.now.owed),
        **{f"age {bar.label}": (bar.href, bar.value) for bar in page["bands"]},  # pyright: ignore[reportGeneralTypeIssues]
        **{f"unit {unit.label}": (unit.href, unit.total) for unit in page["units"]},  # pyright: ignore[reportGeneralTypeIssues]
    }
    for name, (link, number) in links.items():
        assert await _listed(the_office, viewer, link) == number, name


async def _listed(the_office: TheOffice, viewer: Viewer, link: str) -> int:
    """How many tickets the desk lists under an address."""
    asked = asked_from(dict(parse_qsl(urlsplit(link).query)), viewer.office)
    assert set(asked.values) == set(dict(parse_qsl(urlsplit(link).query))), "the desk understands every part"
    filters, cursor, count = filters_of(asked, viewer.office, viewer.person), None, 0
    while True:
        page = await the_office.services.reader.queue(
            viewer.scope(), viewer.office, viewer.person, filters, cursor, 200
        )
        count += len(page.items)
        cursor = page.next_cursor
        if cursor is None:
            return count
