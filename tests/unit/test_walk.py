"""The questions of the public form: each asked once, in one order, and only where it makes sense."""

from __future__ import annotations

from complaints_service.public.answers import FIELDS, LABELS, no_answers
from complaints_service.public.walk import FIELDS_OF, Step, after, asking, before, first_mistaken, place, steps_for


def answers(**given: str) -> dict[str, str]:
    return {**no_answers(), **given}


def walked(given: dict[str, str]) -> list[Step]:
    """The pages from the first to the last, as somebody goes who stays not anonymous."""
    pages = [Step.SERVICE]
    while pages[-1] is not Step.CHECK:
        pages.append(after(pages[-1], given))
    return pages


def test_every_field_is_asked_on_one_page() -> None:
    asked = [name for fields in FIELDS_OF.values() for name in fields]
    assert sorted(asked) == sorted([*FIELDS, "file"])
    assert all(asking(name) is not Step.CHECK for name in LABELS)
    assert asking("reporter.language") is Step.CHECK


def test_forward_and_back_are_the_same_way() -> None:
    for given in (answers(), answers(kind="suggestion"), answers(kind="information")):
        pages = walked(given)
        assert pages == list(steps_for(given))
        assert [before(page, given) for page in pages] == [None, *pages[:-1]]
        assert [place(page, given) for page in pages] == [(n, len(pages)) for n in range(1, len(pages) + 1)]


def test_a_suggestion_is_not_asked_when_and_about_whom_and_nobody_anonymous_who_they_are() -> None:
    assert set(Step) - set(steps_for(answers(kind="suggestion"))) == {Step.WHEN, Step.WHO}
    assert set(Step) - set(steps_for(answers(privacy="anonymous"))) == {Step.CONTACT}
    assert before(Step.CHECK, answers(privacy="anonymous")) is Step.PRIVACY


def test_the_first_question_with_a_mistake_comes_first_whatever_the_order_of_the_fields() -> None:
    step, own = first_mistaken({"reporter.email": "x", "category": "y", "occurred_on": "z"})
    assert (step, own) == (Step.ABOUT, {"category": "y"})
