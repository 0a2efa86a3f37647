"""What the office says before somebody files: what shows on which day and for which service, and a text that never is HTML."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from complaints_service.errors import Invalid
from complaints_service.guidance.form import blank, words_from
from complaints_service.guidance.service import may_edit
from complaints_service.guidance.view import state_of
from complaints_service.guidance.words import Part, paragraphs, shown_in
from complaints_service.office.guidance import MOST_ANSWERS, Guidance, GuidanceKind, guidance_for, incidents_now
from tests.unit.values import an_office

TODAY = date(2026, 11, 28)
WORDS = {"title_id": "M-Paspor sedang gangguan", "text_id": "Kami perkirakan pulih sore ini."}


def a_text(number: int = 1, kind: GuidanceKind = GuidanceKind.ANSWER, **values: object) -> Guidance:
    usual = Guidance(
        id=number, kind=kind, services=(), **WORDS, title_en="", text_en="", shows_from=None, shows_until=None,
        active=True, version=1,
    )  # fmt: skip
    return msgspec.structs.replace(usual, **values)


@pytest.mark.parametrize(
    ("first", "last", "state"),
    [
        (None, None, "now"),
        (TODAY, TODAY, "now"),
        (None, date(2026, 11, 27), "over"),
        (date(2026, 11, 29), None, "later"),
    ],
)
def test_a_text_shows_from_its_first_day_to_its_last(first: date | None, last: date | None, state: str) -> None:
    one = a_text(shows_from=first, shows_until=last)
    assert state_of(one, TODAY) == state
    assert bool(guidance_for([one], "paspor-baru", TODAY)) is (state == "now")
    assert state_of(msgspec.structs.replace(one, active=False), TODAY) == "hidden"


def test_incidents_come_first_and_then_the_answers_for_just_this_service() -> None:
    everywhere, own = a_text(1), a_text(2, services=("m-paspor",))
    incident = a_text(3, GuidanceKind.INCIDENT, services=("m-paspor",))
    other = a_text(4, services=("itas",))
    assert [g.id for g in guidance_for([everywhere, own, incident, other], "m-paspor", TODAY)] == [3, 2, 1]
    assert [g.id for g in guidance_for([everywhere, own, incident, other], "", TODAY)] == [1]
    assert incidents_now([everywhere, own, incident], TODAY) == [incident]


def test_a_small_telephone_never_gets_more_than_a_few_answers() -> None:
    assert len(guidance_for([a_text(n) for n in range(50)], "itas", TODAY)) == MOST_ANSWERS


def test_a_text_becomes_paragraphs_and_links_and_nothing_else() -> None:
    found = paragraphs(
        "Satu <b>baris</b>\nlagi.\r\n\r\nLihat https://imigrasi.go.id/kabar. Atau /lacak, bukan javascript:alert(1)."
    )
    assert found[0] == (Part("Satu <b>baris</b>\nlagi."),)
    assert [part for part in found[1] if part.href] == [
        Part("https://imigrasi.go.id/kabar", "https://imigrasi.go.id/kabar"),
        Part("/lacak", "/lacak"),
    ]
    assert "".join(part.text for part in found[1]).endswith("bukan javascript:alert(1).")


def test_who_reads_english_gets_the_indonesian_text_where_there_is_no_other_and_it_says_so() -> None:
    assert shown_in(a_text(), "en").language == "id"
    english = a_text(title_en="Out of order", text_en="Back tonight.")
    assert (shown_in(english, "en").language, shown_in(english, "en").title) == ("en", "Out of order")
    assert shown_in(english, "id").language == "id"


def test_every_mistake_of_the_form_is_named() -> None:
    fields = {
        **blank("incident"), "title_en": "Only the heading", "text_id": "x" * 1501,
        "shows_from": "2026-11-28", "shows_until": "2026-11-01",
    }  # fmt: skip
    with pytest.raises(Invalid) as refused:
        words_from(fields, ["tidak-ada"], an_office())
    assert {p.pointer for p in refused.value.problems} == {
        "/title_id", "/text_id", "/text_en", "/shows_until", "/services"
    }  # fmt: skip
    with pytest.raises(Invalid) as refused:
        words_from({**blank("answer"), **WORDS, "shows_from": "0001-01-01", "kind": "advert"}, [], an_office())
    assert {p.pointer for p in refused.value.problems} == {"/shows_from", "/kind"}


def test_officers_of_the_complaints_unit_and_superiors_write_and_nobody_else() -> None:
    office = an_office()
    triage = next(unit.id for unit in office.units.values() if unit.kind == "triage")
    for person in office.people.values():
        allowed = person.role in ("supervisor", "head", "admin") or (
            person.role == "officer" and triage in person.works_in
        )
        assert may_edit(office, person) is allowed
