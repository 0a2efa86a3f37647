"""A person of the office is told by the way that was chosen, and never by none."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints_service.notifications.kinds import Way
from complaints_service.notifications.person_ways import other_way_of, person_label, person_ways
from tests.unit.values import an_office

PERSON = an_office().people[1]
NUMBER = "+6281234567890"


@pytest.mark.parametrize(
    ("email", "whatsapp", "chosen", "asked", "ways"),
    [
        ("a@b.id", NUMBER, ("email",), (), (Way.EMAIL,)),
        ("a@b.id", NUMBER, ("whatsapp",), (), (Way.WHATSAPP,)),
        ("a@b.id", NUMBER, ("email", "whatsapp"), (), (Way.EMAIL, Way.WHATSAPP)),
        ("a@b.id", NUMBER, ("email",), ("whatsapp",), (Way.WHATSAPP,)),
        ("a@b.id", None, ("email",), ("whatsapp",), (Way.EMAIL,)),
        ("a@b.id", None, ("whatsapp",), (), (Way.EMAIL,)),
        (None, NUMBER, ("email",), (), (Way.WHATSAPP,)),
        (None, None, ("email",), (), (Way.EMAIL,)),
    ],
)
def test_the_ways_of_a_message(
    email: str | None, whatsapp: str | None, chosen: tuple[str, ...], asked: tuple[str, ...], ways: tuple[Way, ...]
) -> None:
    person = msgspec.structs.replace(PERSON, email=email, whatsapp=whatsapp, ways=chosen)
    assert person_ways(person, asked) == ways


@given(
    email=st.sampled_from([None, "a@b.id"]),
    whatsapp=st.sampled_from([None, NUMBER]),
    chosen=st.lists(st.sampled_from(["email", "whatsapp"]), max_size=2),
    asked=st.lists(st.sampled_from(["email", "whatsapp", "pigeon"]), max_size=3),
)
def test_never_by_none(email: str | None, whatsapp: str | None, chosen: list[str], asked: list[str]) -> None:
    person = msgspec.structs.replace(PERSON, email=email, whatsapp=whatsapp, ways=tuple(chosen))
    ways = person_ways(person, asked)
    assert ways
    assert len({person_label(person.id, way) for way in ways}) == len(ways)
    if email or whatsapp:
        assert all((email if way is Way.EMAIL else whatsapp) for way in ways)


def test_the_other_way() -> None:
    both = msgspec.structs.replace(PERSON, email="a@b.id", whatsapp=NUMBER)
    assert other_way_of(both, "email") is Way.WHATSAPP
    assert other_way_of(both, "whatsapp") is Way.EMAIL
    assert other_way_of(msgspec.structs.replace(both, whatsapp=None), "email") is None
