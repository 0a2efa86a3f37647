"""Public figures: the index as PermenPANRB 14/2017 reckons it, percentiles, and no group under five people, not even by subtraction."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints_service.feedback.index import index_of
from complaints_service.transparency.model import Cell, Month, OpenData
from complaints_service.transparency.publication import as_csv, open_data, public_page, schema
from complaints_service.transparency.rules import (
    LEAST,
    added,
    due,
    hidden_cells,
    months_until,
    percentile,
    published,
    shown_months,
    shown_services,
)
from tests.unit.values import an_office

ZONE = "Asia/Jakarta"
NOW = datetime(2026, 11, 28, 3, 0, tzinfo=UTC)


def test_the_index_is_that_of_the_regulation() -> None:
    means = (310, 300, 280, 390, 320, 330, 340, 300, 310)  # DOMAIN.md: 3.10, 3.00, ... of a hundred people
    found = index_of(100, means)
    assert found is not None
    assert (found.index, found.grade, found.n, found.few) == (80.0, "B", 100, False)
    assert found.means[3] == 3.9
    assert index_of(0, (0,) * 9) is None


@pytest.mark.parametrize(
    ("total", "index", "grade"),
    [(9, 25.0, "D"), (36, 100.0, "A"), (27, 75.0, "C"), (23, 63.89, "D"), (28, 77.78, "B"), (32, 88.89, "A")],
)
def test_grades_begin_where_the_table_says(total: int, index: float, grade: str) -> None:
    found = index_of(1, (total, *(0,) * 8))
    assert found is not None
    assert (found.index, found.grade, found.few) == (index, grade, True)


def test_the_median_and_the_ninetieth_are_days_in_which_so_many_were_answered() -> None:
    days = {1: 4, 3: 1, 7: 4, 60: 1}
    assert (percentile(days, 0.5), percentile(days, 0.9), percentile({}, 0.5)) == (3, 7, None)


def test_a_figure_of_fewer_than_five_people_is_empty() -> None:
    small = published(Cell(received=4, decided=4, in_time=4, days={2: 4}))
    assert set(small.values()) == {None}
    large = published(Cell(received=5, decided=4, in_time=4, days={2: 4}))
    assert large == {
        "received": 5, "answered": None, "in_time_percent": None, "median_working_days": None, "p90_working_days": None
    }  # fmt: skip
    assert published(Cell())["received"] == 0


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 40).map(lambda n: Cell(n)), max_size=6))
def test_no_small_group_can_be_told_from_the_sums(cells: dict[str, Cell]) -> None:
    hidden = hidden_cells(cells)
    assert {slug for slug, cell in cells.items() if 0 < cell.received < LEAST} <= hidden
    unknown = sum(cells[slug].received for slug in hidden)
    others = any(cell.received for slug, cell in cells.items() if slug not in hidden)
    assert unknown == 0 or unknown >= LEAST or not others


def test_a_sum_over_months_holds_only_what_its_parts_show() -> None:
    small, large = (
        Month({"itas": Cell(3, days={1: 3})}),
        Month({"itas": Cell(9, days={2: 9}), "itap": Cell(8), "": Cell(2)}),
    )
    months = [(date(2026, 1, 1), small), (date(2026, 2, 1), large)]
    assert shown_months(months).received == 19
    # The two of an unknown service hide the smaller of the others too.
    assert {slug: cell.received for slug, cell in shown_services(months).items()} == {"itas": 9}


def test_months_are_counted_again_until_their_last_answer_can_have_come() -> None:
    months = months_until(NOW, ZONE, datetime(2025, 12, 31, 20, 0, tzinfo=UTC))
    assert (months[0], months[-1], len(months)) == (date(2026, 1, 1), date(2026, 11, 1), 11)
    assert len(months_until(NOW, ZONE, datetime(2001, 1, 1, tzinfo=UTC))) == 25
    assert months_until(NOW, ZONE, None) == []
    fresh = dict.fromkeys(months, NOW - timedelta(minutes=59))
    assert due(months, fresh, NOW, ZONE) == []
    hour_old = dict.fromkeys(months, NOW - timedelta(hours=1))
    assert due(months, hour_old, NOW, ZONE) == [date(2026, m, 1) for m in (11, 10, 9, 8, 7)]
    assert due(months, {}, NOW, ZONE) == months[::-1]


def test_open_data_fits_its_schema_and_the_table_says_what_the_json_says() -> None:
    kept = [
        (date(2026, 9, 1), Month({"itas": Cell(40, 30, 20, {3: 30}), "": Cell(2, 1, 1, {1: 1})}, 3, (9,) * 9)),
        (date(2026, 10, 1), Month({"itas": Cell(12, 10, 9, {5: 10})}, 6, (18,) * 9)),
    ]
    data = open_data(NOW, kept, an_office(), "https://pengaduan.example")
    assert msgspec.json.decode(msgspec.json.encode(data), type=OpenData) == data
    described = msgspec.convert(schema()["$defs"], dict[str, object])
    assert {"OpenData", "MonthFigures", "SurveyFigures"} <= described.keys()
    lines = as_csv(data).splitlines()
    assert lines[1] == "2026-09,all,42,31,67.7,3,3"
    # The two of an unknown service hide themselves and, because the sum is known, those of the other service too.
    assert lines[2:4] == ["2026-09,unknown,,,,,", "2026-09,itas,,,,,"]
    assert lines[4] == "2026-10,all,12,10,90.0,5,5"
    assert [(one.n, one.index, one.few) for one in data.survey] == [(None, None, True), (6, 75.0, True)]
    page = public_page(NOW, kept, an_office(), "id")
    assert page.year.received == 54
    assert page.index is not None
    assert page.index.n == 6
    assert page.labels == ("Sep 2026", "Okt 2026")


def test_groups_add_up() -> None:
    assert added([Cell(1, 1, 0, {2: 1}), Cell(3, 2, 2, {2: 1, 5: 1})]) == Cell(4, 3, 2, {2: 2, 5: 1})
