"""Colours of an office: what is accepted can be read in both themes, and what is refused says which theme and why."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints_service.demo.office_value import demo_office
from complaints_service.errors import Invalid
from complaints_service.management.look.form import fields_of, identity_from
from complaints_service.office.look import LEAST_CONTRAST, Look, contrast, dark_from, least_contrast, style_sheet

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")
WHY = {"why": "Warna kementerian"}


def refused(**fields: str) -> dict[str, str]:
    """Field -> why the form with these fields is refused."""
    office = demo_office()
    with pytest.raises(Invalid) as caught:
        identity_from({**fields_of(office), **WHY, **fields}, office)
    return {p.pointer.strip("/"): p.code for p in caught.value.problems}


def test_contrast_is_what_wcag_says() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert contrast("#abcdef", "#abcdef") == 1


@given(COLOURS)
def test_the_dark_colour_that_is_made_from_any_other_can_be_read(accent: str) -> None:
    assert least_contrast(dark_from(accent), "dark") >= LEAST_CONTRAST


@given(COLOURS, COLOURS)
def test_a_form_takes_colours_that_can_be_read_and_refuses_the_others_by_name(accent: str, dark: str) -> None:
    office = demo_office()
    faint = {
        name
        for name, colour, theme in (("accent", accent, "light"), ("accent_dark", dark, "dark"))
        if least_contrast(colour, theme) < LEAST_CONTRAST
    }
    try:
        found = identity_from({**fields_of(office), **WHY, "accent": accent, "accent_dark": dark}, office).look
    except Invalid as error:
        assert {p.pointer.strip("/") for p in error.problems} == faint
        assert all(p.code == "faint" and float(str(p.values["found"])) < LEAST_CONTRAST for p in error.problems)
    else:
        assert (found.accent, found.accent_dark, faint) == (accent, dark, set())


def test_wrong_fields_are_all_named_and_nothing_gets_into_a_style_sheet() -> None:
    assert refused(name=" ", why="x", accent="red; } body { display: none", phone="0" * 41) == {
        "name": "required", "why": "required", "accent": "not_a_colour", "phone": "too_long",
    }  # fmt: skip
    assert refused(accent_dark="#7cc4e4") == {"accent": "required"}
    assert refused(greeting_id="Selamat\u202edatang") == {"greeting_id": "not_printable"}
    assert refused(contact="x" * 201, kiosk_en="y" * 201) == {"contact": "too_long", "kiosk_en": "too_long"}


def test_a_form_that_changes_nothing_keeps_everything_and_a_colour_without_its_mark_is_one() -> None:
    office = msgspec.structs.replace(demo_office(), look=Look(logo="ab" * 16, version=3, greeting_id="Halo"))
    assert identity_from({**fields_of(office), **WHY}, office).look == office.look
    look = identity_from({**fields_of(office), **WHY, "accent": "7A1F3D"}, office).look
    assert (look.accent, look.accent_dark) == ("#7a1f3d", dark_from("#7a1f3d"))
    assert style_sheet(look).count("--brand: #7a1f3d;") == 1
    assert style_sheet(office.look) == ""


def test_english_reads_the_indonesian_words_where_there_are_no_others() -> None:
    look = Look(greeting_id="Selamat datang", kiosk_id="Sentuh layar", kiosk_en="Touch the screen")
    assert (look.greeting("en"), look.kiosk_words("en"), look.kiosk_words("id")) == (
        "Selamat datang", "Touch the screen", "Sentuh layar",
    )  # fmt: skip
