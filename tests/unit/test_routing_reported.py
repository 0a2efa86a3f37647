"""A unit or person that a complaint names never receives it; the next superior does (D7)."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints_service.demo.office_value import demo_office
from complaints_service.office.model import Office
from complaints_service.routing.reported import resolve
from complaints_service.routing.rules import Routed, route
from complaints_service.tickets.model import Complaint

NOON = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
OFFICE = demo_office()


def routed(office: Office = OFFICE, **changes: object) -> Routed:
    plain = Complaint(description="Sudah sepuluh hari berkas saya belum selesai.", service="paspor-baru")
    return route(msgspec.structs.replace(plain, **changes), office, NOON)


def unit_of(result: Routed, office: Office = OFFICE) -> str:
    return office.units[result.unit_id].slug


def person_id(username: str) -> int:
    return next(p.id for p in OFFICE.people.values() if p.username == username)


@pytest.mark.parametrize(
    "words", ["lantaskim", "Seksi Lantaskim", "seksi  lantaskim", "petugas di Seksi Lantaskim, loket 3", "LANTASKIM"]
)
def test_a_named_section_is_passed_over_for_the_office_above(words: str) -> None:
    result = routed(reported_unit=words)
    assert unit_of(result) == "kantor"
    assert result.reported_units == (OFFICE.unit_by_slug("lantaskim").id,)
    assert result.why["instead_of"] == OFFICE.unit_by_slug("lantaskim").id


def test_who_works_in_or_leads_a_named_section_gets_nothing_about_it() -> None:
    result = routed(reported_unit="lantaskim")
    assert result.excluded_people == tuple(sorted((person_id("petugas"), person_id("atasan"))))


def test_a_named_section_that_would_not_have_it_changes_nothing_but_is_kept() -> None:
    result = routed(reported_unit="tikkim")
    assert unit_of(result) == "lantaskim"
    assert "instead_of" not in result.why
    assert result.reported_units == (OFFICE.unit_by_slug("tikkim").id,)


@pytest.mark.parametrize(
    "words",
    ["petugas", "@petugas", "Rina Wulandari", "ibu Rina Wulandari, S.H.", "Bu Rina", "wulandari", "Rina di loket 3"],
)
def test_every_unit_of_a_named_person_is_passed_over(words: str) -> None:
    result = routed(reported_person=words)
    assert unit_of(result) == "kantor"
    assert result.reported_people == (person_id("petugas"),)
    assert unit_of(routed(reported_person=words, service=None)) == "kantor"
    assert unit_of(routed(reported_person=words, service="itas")) == "intaltuskim"


@pytest.mark.parametrize("words", ["kepala", "Kepala Kantor", "ibu kakanim", "Ratna Kusuma Dewi", "Ibu Ratna"])
def test_a_complaint_about_the_head_goes_above_the_office_from_every_section(words: str) -> None:
    assert unit_of(routed(reported_person=words)) == "kanwil"
    assert unit_of(routed(reported_person=words, service=None)) == "kanwil"


def test_a_complaint_about_the_whole_office_goes_to_the_regional_office() -> None:
    assert unit_of(routed(reported_unit="Kantor Imigrasi Lampung Tengah")) == "kanwil"


def test_the_word_office_alone_in_a_sentence_names_nobody() -> None:
    assert routed(reported_unit="loket di kantor itu").reported_units == ()


@pytest.mark.parametrize("words", ["petugas loket 3", "Budi", "satpam", "pak", "...", "R."])
def test_words_that_name_nobody_change_nothing(words: str) -> None:
    result = routed(reported_person=words)
    assert (unit_of(result), result.reported_people, result.excluded_people) == ("lantaskim", (), ())


def test_a_superior_unit_whose_only_people_are_complained_about_is_passed_over() -> None:
    only_head = {p.id: p for p in OFFICE.people.values() if p.username != "admin"}
    office = msgspec.structs.replace(OFFICE, people=only_head)
    result = routed(office, reported_unit="lantaskim", reported_person="kepala")
    assert unit_of(result) == "kanwil"


def test_with_nobody_left_above_it_still_never_comes_back_to_the_reported_unit() -> None:
    result = routed(reported_unit="kanwil")
    assert unit_of(result) == "ditjen"


def test_somebody_who_left_the_office_is_nobody_to_route_around() -> None:
    people = {p.id: msgspec.structs.replace(p, active=p.username != "petugas") for p in OFFICE.people.values()}
    office = msgspec.structs.replace(OFFICE, people=people)
    assert unit_of(routed(office, reported_person="Rina Wulandari")) == "lantaskim"


NAMES = st.one_of(
    st.sampled_from([unit.slug for unit in OFFICE.units.values()] + [unit.name for unit in OFFICE.units.values()]),
    st.none(),
)
PEOPLE = st.one_of(
    st.sampled_from([p.username for p in OFFICE.people.values()] + [p.name for p in OFFICE.people.values()]), st.none()
)


@given(NAMES, PEOPLE, st.sampled_from([*OFFICE.services, None]), st.sampled_from([*OFFICE.categories, None]))
def test_whatever_is_named_the_reported_never_hold_the_case(
    unit: str | None, person: str | None, service: str | None, category: str | None
) -> None:
    result = routed(reported_unit=unit, reported_person=person, service=service, category=category)
    closed = resolve(OFFICE, unit, person).closed_units
    at_the_top = OFFICE.units[result.unit_id].parent_id is None
    assert result.unit_id not in closed or at_the_top
    assert result.unit_id not in result.reported_units or at_the_top
