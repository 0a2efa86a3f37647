"""The loop's rules: months in the office's zone, working time late, groups, and who sees which case."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints_service.demo.office_value import demo_office
from complaints_service.feedback.letter import NAMED_CASES, receivers, report_letters
from complaints_service.feedback.rules import (
    Case,
    Late,
    Period,
    Report,
    as_seen_by,
    groups,
    how_late,
    in_order,
    month_of,
    months_due,
    running_month,
)
from complaints_service.keys import Keys
from complaints_service.notifications.message_ids import MessageIds
from complaints_service.office.model import Absence, Office, Person
from complaints_service.sla.targets import calendar_of

WIB = "Asia/Jakarta"
OFFICE = demo_office()
IDS = MessageIds(Keys(b"k" * 32), "pengaduan@kantor.example")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def person(username: str, office: Office = OFFICE) -> Person:
    return next(p for p in office.people.values() if p.username == username)


def unit(slug: str) -> int:
    found = OFFICE.unit_by_slug(slug)
    assert found is not None
    return found.id


def case(number: str, **changes: object) -> Case:
    plain = Case(
        number=number,
        category="keterlambatan",
        service="paspor-baru",
        kind="complaint",
        unit_id=unit("lantaskim"),
        received_at=at("2026-10-01T09:00+07:00"),
        target="answer",
        due_at=at("2026-10-21T16:00+07:00"),
        late=Late(300, 1),
    )
    return msgspec.structs.replace(plain, **changes)


def report(
    unresolved: tuple[Case, ...] = (), reopened: tuple[Case, ...] = (), dissatisfied: tuple[Case, ...] = ()
) -> Report:
    return Report(
        office_id=1,
        cycle=4,
        period=month_of(at("2026-10-15T12:00+07:00"), WIB),
        monthly=True,
        closed_at=at("2026-11-01T00:00:05+07:00"),
        closed_by=None,
        unresolved=unresolved,
        reopened=reopened,
        dissatisfied=dissatisfied,
    )


def test_a_month_begins_and_ends_at_midnight_in_the_offices_zone() -> None:
    assert month_of(at("2026-12-31T23:59+07:00"), WIB) == Period(
        at("2026-12-01T00:00+07:00"), at("2027-01-01T00:00+07:00")
    )
    assert month_of(at("2026-12-31T17:00+00:00"), WIB).starts_at == at("2027-01-01T00:00+07:00")


def test_a_month_with_a_clock_change_still_ends_at_midnight() -> None:
    march = month_of(at("2026-03-10T12:00+01:00"), "Europe/Berlin")
    assert march == Period(at("2026-03-01T00:00+01:00"), at("2026-04-01T00:00+02:00"))


@given(st.timedeltas(timedelta(0), timedelta(days=7300)))
def test_every_instant_lies_in_its_month_and_months_follow_without_gap(since_2020: timedelta) -> None:
    instant = at("2020-01-01T00:00+00:00") + since_2020
    month = month_of(instant, WIB)
    assert month.starts_at <= instant < month.ends_at
    assert month_of(month.ends_at, WIB).starts_at == month.ends_at
    assert month_of(month.ends_at - timedelta(microseconds=1), WIB) == month


def test_a_month_is_due_from_the_instant_it_is_over() -> None:
    first = at("2026-10-05T10:00+07:00")
    end = at("2026-11-01T00:00+07:00")
    assert months_due(None, first, end - timedelta(microseconds=1), WIB) == []
    assert months_due(None, first, end, WIB) == [month_of(first, WIB)]
    assert months_due(end, None, end, WIB) == []


def test_months_missed_are_made_up_for_each_once_and_in_order() -> None:
    due = months_due(at("2026-08-01T00:00+07:00"), None, at("2026-11-24T10:00+07:00"), WIB)
    assert [p.starts_at for p in due] == [at(f"2026-{m}-01T00:00+07:00") for m in ("08", "09", "10")]


def test_without_any_complaint_no_month_is_due() -> None:
    assert months_due(None, None, at("2026-11-24T10:00+07:00"), WIB) == []


def test_on_demand_the_month_so_far_closes() -> None:
    now = at("2026-11-24T10:00+07:00")
    assert running_month(now, WIB) == Period(at("2026-11-01T00:00+07:00"), now)


def test_lateness_counts_working_time_only() -> None:
    calendar = calendar_of(OFFICE)
    due = at("2026-11-27T16:30+07:00")  # Friday, closing
    assert how_late(calendar, due, at("2026-11-30T07:30+07:00")) == Late(0, 0)
    assert how_late(calendar, due, at("2026-11-30T13:30+07:00")) == Late(300, 0)
    assert how_late(calendar, due, at("2026-12-01T16:00+07:00")) == Late(2 * 450, 2)


@pytest.mark.parametrize("until", [None, "2026-11-27T16:30+07:00", "2026-11-20T10:00+07:00"])
def test_in_time_is_not_late(until: str | None) -> None:
    due = at("2026-11-27T16:30+07:00")
    assert how_late(calendar_of(OFFICE), due, at(until) if until else None) == Late()
    assert how_late(calendar_of(OFFICE), None, due) == Late()


def test_cases_stand_by_category_and_the_latest_first() -> None:
    cases = [
        case("LT-1", late=Late(10, 0)),
        case("LT-2", category=None),
        case("LT-3", late=Late(900, 2)),
        case("LT-4", category="antrean-kuota"),
    ]
    assert [c.number for c in in_order(cases)] == ["LT-4", "LT-3", "LT-1", "LT-2"]


def test_groups_count_each_list_and_name_each_ticket_once() -> None:
    made = report(
        unresolved=(case("LT-1"), case("LT-2", category="data-salah")),
        reopened=(case("LT-1"), case("LT-3")),
        dissatisfied=(case("LT-3", score=1),),
    )
    first, second = groups(made)
    assert (first.category, first.cause) == ("keterlambatan", None)
    assert (first.unresolved, first.reopened, first.dissatisfied) == (1, 2, 1)
    assert first.numbers == ("LT-1", "LT-3")
    assert (second.category, second.numbers) == ("data-salah", ("LT-2",))


def test_each_reader_sees_the_cases_of_their_units() -> None:
    made = report(
        unresolved=(case("LT-1"), case("LT-2", unit_id=unit("kantor")), case("LT-3", unit_id=unit("kanwil"))),
        reopened=(case("LT-4", unit_id=unit("unit-pengaduan")),),
    )

    def numbers(username: str) -> list[str]:
        seen = as_seen_by(made, person(username), OFFICE)
        return [c.number for c in (*seen.unresolved, *seen.reopened)]

    assert numbers("atasan") == ["LT-1", "LT-4"]
    assert numbers("kepala") == ["LT-1", "LT-2", "LT-4"]
    assert numbers("kanwil") == ["LT-1", "LT-2", "LT-3", "LT-4"]


def test_nobody_reads_in_a_report_about_a_case_that_names_them() -> None:
    kepala = person("kepala")
    made = report(
        unresolved=(
            case("LT-1", reported_people=(kepala.id,)),
            case("LT-2", reported_units=(unit("kantor"),)),
            case("LT-3", reported_units=(unit("lantaskim"),)),
        )
    )
    assert [c.number for c in as_seen_by(made, kepala, OFFICE).unresolved] == ["LT-3"]


def test_a_report_is_the_same_after_it_was_stored() -> None:
    made = report(unresolved=(case("LT-1", score=2, at=at("2026-10-09T10:00+07:00")),))
    assert msgspec.json.decode(msgspec.json.encode(made), type=Report) == made


def test_the_head_gets_one_letter_with_what_the_head_may_see() -> None:
    kepala = person("kepala")
    made = report(
        unresolved=(case("LT-1"), case("LT-2", reported_people=(kepala.id,))), dissatisfied=(case("LT-5", score=1),)
    )
    (letter,) = report_letters(made, OFFICE, IDS)
    params = msgspec.json.decode(letter.params)
    assert (letter.kind, letter.way, letter.person_id) == ("cycle_report", "email", kepala.id)
    assert letter.dedupe_key == f"cycle_report:4:person:{kepala.id}"
    assert (params["unresolved"], params["reopened"], params["dissatisfied"]) == (1, 0, 1)
    assert {line["number"] for line in params["cases"]} == {"LT-1", "LT-5"}


def test_a_letter_names_the_latest_cases_and_each_only_once() -> None:
    many = tuple(case(f"LT-{n:03}", late=Late(n, 0)) for n in range(50))
    (letter,) = report_letters(report(unresolved=many, reopened=many), OFFICE, IDS)
    named = [line["number"] for line in msgspec.json.decode(letter.params)["cases"]]
    assert named == [f"LT-{n:03}" for n in range(49, 49 - NAMED_CASES, -1)]


def test_an_absent_heads_letter_goes_to_who_stands_in() -> None:
    kepala, atasan = person("kepala"), person("atasan")
    made = report()
    away = Absence(kepala.id, made.closed_at - timedelta(days=1), made.closed_at + timedelta(days=1), atasan.id)
    office = msgspec.structs.replace(OFFICE, absences=(away,))
    assert receivers(made, office) == [atasan]
    nobody = msgspec.structs.replace(OFFICE, absences=(msgspec.structs.replace(away, stand_in_id=None),))
    assert receivers(made, nobody) == [kepala]


def test_an_office_without_a_head_reports_to_the_regional_office() -> None:
    people = {p.id: p for p in OFFICE.people.values() if p.username != "kepala"}
    assert receivers(report(), msgspec.structs.replace(OFFICE, people=people)) == [person("kanwil")]
