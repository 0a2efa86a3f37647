"""Where complaints go: rules in order, the default, words of a rule, hours of a rule."""

from __future__ import annotations

from datetime import UTC, datetime, time

import msgspec
import pytest

from complaints_service.demo.office_value import demo_office
from complaints_service.office.model import Office, RoutingRule, UnitKind
from complaints_service.routing.rules import Routed, route
from complaints_service.tickets.model import Channel, Complaint, Kind, Priority

MORNING = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)  # 09.00 WIB
EVERY_SERVICE = {
    "paspor-baru": "lantaskim",
    "paspor-penggantian": "lantaskim",
    "paspor-hilang-rusak": "lantaskim",
    "paspor-percepatan": "lantaskim",
    "m-paspor": "lantaskim",
    "izin-tinggal-kunjungan": "intaltuskim",
    "itas": "intaltuskim",
    "itap": "intaltuskim",
    "pelayanan-informasi": "unit-pengaduan",
    "fasilitas-kantor": "tata-usaha",
    None: "unit-pengaduan",
}


@pytest.fixture(scope="module")
def office() -> Office:
    return demo_office()


def complaint(**changes: object) -> Complaint:
    plain = Complaint(description="Sudah sepuluh hari berkas saya belum selesai.")
    return msgspec.structs.replace(plain, **changes)


def with_rules(office: Office, *rules: dict[str, object]) -> Office:
    nothing = dict.fromkeys(("channels", "kinds", "categories", "services", "words", "between_from", "between_to"))
    made = [
        msgspec.convert(
            {
                **nothing,
                "id": number,
                "name": f"rule {number}",
                "set_unit_id": None,
                "set_priority": None,
                "set_assignee": "none",
                **rule,
            },
            RoutingRule,
        )
        for number, rule in enumerate(rules, start=1)
    ]
    return msgspec.structs.replace(office, rules=tuple(made))


def unit_of(office: Office, routed: Routed) -> str:
    return office.units[routed.unit_id].slug


@pytest.mark.parametrize(("service", "unit"), EVERY_SERVICE.items())
def test_each_service_goes_to_its_section_and_none_to_the_complaints_unit(
    office: Office, service: str | None, unit: str
) -> None:
    assert unit_of(office, route(complaint(service=service), office, MORNING)) == unit


def test_charges_and_conduct_stay_with_the_complaints_unit_whatever_the_service(office: Office) -> None:
    charges = route(complaint(service="paspor-baru", category="biaya-tidak-resmi"), office, MORNING)
    conduct = route(complaint(service="itas", category="sikap-petugas"), office, MORNING)
    assert unit_of(office, charges) == unit_of(office, conduct) == "unit-pengaduan"
    assert (charges.priority, charges.oversight) == (Priority.HIGH, True)
    assert (conduct.priority, conduct.oversight) == (Priority.NORMAL, False)


def test_system_trouble_goes_to_the_technical_section_but_m_paspor_alone_does_not(office: Office) -> None:
    trouble = route(complaint(service="m-paspor", category="gangguan-sistem"), office, MORNING)
    quota = route(complaint(service="m-paspor", category="antrean-kuota"), office, MORNING)
    assert (unit_of(office, trouble), unit_of(office, quota)) == ("tikkim", "lantaskim")


def test_the_first_rule_that_matches_wins_and_says_why(office: Office) -> None:
    two = with_rules(
        office,
        {"services": ["itas"], "set_unit_id": 5},
        {"channels": ["kiosk"], "kinds": ["complaint"], "set_unit_id": 8, "set_priority": "urgent"},
        {"set_unit_id": 4},
    )
    routed = route(complaint(channel=Channel.KIOSK), two, MORNING)
    assert (routed.unit_id, routed.rule_id, routed.rule_name) == (8, 2, "rule 2")
    assert routed.priority is Priority.URGENT
    assert routed.why == {"channel": "kiosk", "kind": "complaint"}


def test_every_condition_of_a_rule_must_hold(office: Office) -> None:
    one = with_rules(office, {"channels": ["kiosk"], "services": ["itap"], "set_unit_id": 8})
    assert route(complaint(channel=Channel.KIOSK, service="itas"), one, MORNING).rule_id is None
    assert route(complaint(channel=Channel.WEB, service="itap"), one, MORNING).rule_id is None
    assert route(complaint(channel=Channel.KIOSK, service="itap"), one, MORNING).rule_id == 1


def test_without_any_rule_the_complaints_unit_has_it(office: Office) -> None:
    routed = route(complaint(service="itas", kind=Kind.SUGGESTION), with_rules(office), MORNING)
    assert unit_of(office, routed) == "unit-pengaduan"
    assert (routed.rule_id, routed.rule_name, routed.why, routed.wants_assignee) == (None, "", {}, False)


def test_a_rule_for_a_unit_that_is_gone_falls_to_the_default(office: Office) -> None:
    routed = route(complaint(), with_rules(office, {"set_unit_id": 77}), MORNING)
    assert unit_of(office, routed) == "unit-pengaduan"


def test_an_office_without_a_complaints_unit_takes_cases_itself(office: Office) -> None:
    units = {u.id: u for u in office.units.values() if u.kind is not UnitKind.TRIAGE}
    routed = route(complaint(), with_rules(msgspec.structs.replace(office, units=units)), MORNING)
    assert unit_of(office, routed) == "kantor"


@pytest.mark.parametrize(
    ("phrase", "text", "held"),
    [
        ("pungli", "Ada PUNGLI di loket!", True),
        ("suap", "Saya diminta menyuap petugas", True),
        ("terlambat", "keterlambatan paspor", True),
        ("pungut", "mereka memungut uang", True),
        ("antre", "mengantre sejak subuh", True),
        ("uang rokok", "diminta uang rokok lagi", True),
        ("uang rokok", "uang saya untuk rokok", False),
        ("rokok", "ruang merokok kotor", True),
        ("kasar", "dia bersikap kasar", True),
        ("calo", "calon pemohon menunggu", False),
        ("uang", "ruang tunggu penuh", False),
        ("!!", "apa saja !!", False),
    ],
)
def test_words_of_a_rule_match_whole_words_in_any_form(office: Office, phrase: str, text: str, held: bool) -> None:
    one = with_rules(office, {"words": [phrase], "set_unit_id": 8})
    routed = route(complaint(description=text), one, MORNING)
    assert (routed.rule_id == 1) is held
    assert routed.why == ({"words": [phrase]} if held else {})


def test_words_are_looked_for_in_the_subject_too(office: Office) -> None:
    one = with_rules(office, {"words": ["calo"], "set_unit_id": 8})
    assert route(complaint(subject="Calo di parkiran"), one, MORNING).rule_id == 1


@pytest.mark.parametrize(
    ("start", "end", "at", "inside"),
    [
        (time(8), time(12), datetime(2026, 11, 24, 1, 0, tzinfo=UTC), True),
        (time(8), time(12), datetime(2026, 11, 24, 5, 0, tzinfo=UTC), False),
        (time(16), time(7, 30), datetime(2026, 11, 24, 16, 30, tzinfo=UTC), True),
        (time(16), time(7, 30), datetime(2026, 11, 24, 0, 29, tzinfo=UTC), True),
        (time(16), time(7, 30), datetime(2026, 11, 24, 0, 30, tzinfo=UTC), False),
        (time(16), None, datetime(2026, 11, 24, 10, 0, tzinfo=UTC), True),
        (None, time(7, 30), datetime(2026, 11, 24, 10, 0, tzinfo=UTC), False),
    ],
)
def test_hours_of_a_rule_are_the_offices_and_may_last_over_midnight(
    office: Office, start: time | None, end: time | None, at: datetime, inside: bool
) -> None:
    one = with_rules(office, {"between_from": start, "between_to": end, "set_unit_id": 8})
    assert (route(complaint(), one, at).rule_id == 1) is inside


def test_a_rule_may_ask_for_the_person_with_the_least_open_work(office: Office) -> None:
    assert route(complaint(service="itap"), office, MORNING).wants_assignee
    assert not route(complaint(service="paspor-baru"), office, MORNING).wants_assignee
