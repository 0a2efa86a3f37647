"""The forms of a draft keep what was typed, the ladder is drawn at its distances, differences are told in words."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from complaints_service.management.policies import draft_form, rung_form
from complaints_service.management.policies.differences import differences
from complaints_service.management.policies.draft_pages import told_apart
from complaints_service.management.policies.draft_view import draft_policy, form_context
from complaints_service.management.policies.ladder_drawing import drawn
from complaints_service.management.policies.standing import Standing, standing_of
from complaints_service.management.policies.views import ladders, target_groups
from complaints_service.sla.policy_document import document_of
from tests.unit.values import RECEIVED, an_office


def a_draft() -> dict[str, Any]:
    return msgspec.json.decode(msgspec.json.encode(document_of(an_office().policies[1])))


def fields_of(raw: dict[str, Any]) -> dict[str, str]:
    """What the page's form sends when nothing is changed."""
    fields = {name: raw[name] for name in ("legal_source", "after_reopening", "after_transfer")}
    for place, row in enumerate(raw["targets"]):
        for name, value in row.items():
            fields[f"targets.{place}.{name}"] = {True: "yes", False: "no"}.get(value, str(value))
    for place, row in enumerate(raw["pauses"]):
        for name in ("status", "limit_amount", "limit_measure"):
            fields[f"pauses.{place}.{name}"] = str(row[name])
    return fields


def test_a_draft_that_is_sent_unchanged_stays_the_same() -> None:
    raw = a_draft()
    assert draft_form.from_form(fields_of(raw), raw) == raw


def test_a_draft_tells_whole_hours_beside_their_minutes() -> None:
    raw = a_draft()
    raw["targets"][0] |= {"amount": 240, "measure": "working_minutes"}
    raw["targets"][1] |= {"amount": 90, "measure": "working_minutes"}
    groups: Any = form_context(raw, an_office(), "id")["groups"]
    told = {row.place: row.hours for group in groups for row in group.rows}
    assert (told[0], told[1], told[2]) == ("4 jam kerja", "", "")


def test_what_cannot_be_read_stays_as_it_was_typed() -> None:
    raw = a_draft()
    fields = fields_of(raw) | {"targets.0.amount": " tiga ", "targets.1.amount": "9" * 40, "targets.2.amount": "-1"}
    typed = draft_form.entries(draft_form.from_form(fields, raw), "targets")
    assert [row["amount"] for row in typed[:3]] == ["tiga", "9" * 40, -1]


def test_a_new_row_stands_above_the_one_for_all_cases() -> None:
    raw, row = draft_form.changed(a_draft(), "add.targets.answer")
    answers = [entry for entry in draft_form.entries(raw, "targets") if entry["target"] == "answer"]
    assert answers[-1]["amount"] == 14
    assert answers[-2]["amount"] == ""
    assert row == "targets-4"


def test_a_row_changes_places_with_the_next_one_of_its_own_deadline() -> None:
    raw = {"targets": [{"target": "answer", "amount": 1}, {"target": "verify"}, {"target": "answer", "amount": 2}]}
    moved, row = draft_form.changed(dict(raw), "up.targets.2")
    assert [entry.get("amount") for entry in draft_form.entries(moved, "targets")] == [2, None, 1]
    assert row == "targets-0"


@pytest.mark.parametrize(
    "deed",
    [
        "",
        "x",
        "up.targets.0",
        "down.targets.99",
        "remove.targets.-1",
        "remove.users.0",
        "add.targets.reply",
    ],
)
def test_deeds_that_mean_nothing_change_nothing(deed: str) -> None:
    raw = a_draft()
    assert draft_form.changed(raw, deed)[0] == raw


def test_every_rung_survives_its_form() -> None:
    for rung in draft_form.entries(a_draft(), "ladder"):
        full: dict[str, Any] = {
            "offset_amount": 0, "offset_measure": "working_days", "act": "notify", "otherwise": [], "repeats": False,
            "roll_up": False, "ways": [], "unassigns": False, "note": "", **rung,
        }  # fmt: skip
        if full["act"] != "notify":
            full |= {"receivers": ["reporter"], "otherwise": []}
        sent: dict[str, Any] = rung_form.from_form(rung_form.to_form(full), full)
        assert sent | {"receivers": sorted(sent["receivers"])} == full | {"receivers": sorted(full["receivers"])}


def test_names_and_addresses_are_written_one_a_line() -> None:
    fields = {"when": "before", "offset_amount": "2", "act": "notify", "level": "0"}
    sent = rung_form.from_form(
        {**fields, "receivers.head": "on", "receivers.named": "kepala\r\nkanwil@example.go.id, x"}, {}
    )
    assert sent["receivers"] == ["head", "person:kepala", "address:kanwil@example.go.id", "person:x"]
    assert (sent["anchor"], sent["offset_amount"]) == ("due", -2)
    assert rung_form.to_form(sent)["receivers.named"] == "kepala\nkanwil@example.go.id\nx"


def test_a_new_rung_comes_before_the_one_that_repeats_and_takes_no_used_key() -> None:
    raw, place = rung_form.with_new_rung(a_draft(), "answer", frozenset({"answer-1"}))
    rungs = draft_form.entries(raw, "ladder")
    assert rungs[place]["key"] == "answer-2"
    assert rungs[place + 1]["key"] == "answer-repeat"
    assert rung_form.with_new_rung(raw, "nothing", frozenset())[1] == -1


def test_a_draft_full_of_nonsense_can_still_be_drawn() -> None:
    raw = a_draft()
    raw["ladder"][0] |= {
        "key": "answer-due",
        "offset_amount": "x",
        "level": None,
        "receivers": 5,
        "offset_measure": "moons",
    }
    raw["targets"] = [{"target": "verify", "amount": "tiga", "measure": ""}]
    policy, places = draft_policy(raw)
    assert len(places) == len(raw["ladder"])
    shown = ladders(policy, an_office(), "id", places)
    assert [ladder.target for ladder in shown] == ["verify", "answer", "sign", "reporter", "closing"]
    assert any("moons" in rung.when for ladder in shown for rung in ladder.rungs)


def test_the_drawing_follows_time_and_shows_that_the_top_comes_again() -> None:
    marks = drawn(an_office().policies[1], "answer").marks
    keys = [mark.rung.key if mark.rung else mark.kind for mark in marks]
    assert keys == [
        "start", "answer-half", "answer-soon", "due", "answer-due", "answer-late", "answer-late-5", "answer-repeat",
        "answer-repeat",
    ]  # fmt: skip
    assert marks[-1].again
    assert marks[1].gap > marks[5].gap > 0, "seven days are further than two"


def test_the_drawing_is_for_the_row_without_conditions() -> None:
    shown = next(ladder for ladder in ladders(an_office().policies[1], an_office(), "id") if ladder.target == "answer")
    assert shown.drawn_for == "14 hari kerja"


def test_differences_are_told_in_words() -> None:
    office = an_office()
    before = office.policies[1]
    raw = a_draft()
    raw["targets"][4]["amount"] = 10
    raw["ladder"][5]["receivers"] = ["person:kepala"]
    raw["pauses"] = []
    after, _ = draft_policy(raw)
    changes = {change.where: (change.before, change.after) for change in differences(before, after, office, "id")}
    assert changes["Tanggapan kantor: selain itu"] == ("14 hari kerja", "10 hari kerja")
    assert changes["Jeda"][1] == ""
    assert "Kepala" in changes["Jenjang Tanggapan kantor: answer-due"][1]
    assert len(changes) == 3
    assert differences(before, before, office, "en") == []


def test_the_order_of_rows_is_a_difference() -> None:
    raw = a_draft()
    raw["targets"][1], raw["targets"][2] = raw["targets"][2], raw["targets"][1]
    after, _ = draft_policy(raw)
    changes = differences(an_office().policies[1], after, an_office(), "en")
    assert [change.where for change in changes] == ["Answer of the office: order of the rows"]


def test_a_single_row_is_for_every_case() -> None:
    groups = {group.target: group for group in target_groups(an_office().policies[1], an_office(), "en")}
    assert groups["verify"].rows[0].for_what == "every case"
    assert groups["answer"].rows[-1].for_what == "everything else"


def test_where_a_version_stands() -> None:
    office = an_office()
    first = office.policies[1]
    later = msgspec.structs.replace(first, version=2, effective_from=RECEIVED)
    gone = msgspec.structs.replace(first, version=3, effective_from=RECEIVED + timedelta(days=9), withdrawn=True)
    office = msgspec.structs.replace(office, policies={1: first, 2: later, 3: gone})
    early = RECEIVED - timedelta(days=1)
    assert [standing_of(version, office, early) for version in (1, 2, 3)] == [
        Standing.IN_FORCE, Standing.COMING, Standing.WITHDRAWN,
    ]  # fmt: skip
    assert [standing_of(version, office, RECEIVED) for version in (1, 2)] == [Standing.PAST, Standing.IN_FORCE]


def test_drafts_of_one_version_are_told_apart_by_their_names() -> None:
    assert told_apart("Perubahan atas versi 1", ()) == "Perubahan atas versi 1"
    assert told_apart("Perubahan atas versi 1", {"Perubahan atas versi 1"}) == "Perubahan atas versi 1 (2)"
    assert (
        told_apart("Perubahan atas versi 1", {"Perubahan atas versi 1", "Perubahan atas versi 1 (2)"})
        == "Perubahan atas versi 1 (3)"
    )
