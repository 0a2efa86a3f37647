"""How an office shows itself: short name, contact, texts, logo, and colours that everybody can read (WCAG 2.2, 1.4.3). Pure."""

from __future__ import annotations

import re

import msgspec

LEAST_CONTRAST = 4.5
_HEX = re.compile(r"#[0-9a-f]{6}")
_BLACK, _WHITE = "#000000", "#ffffff"
# What the accent is read on, as base.css has it.
_GROUNDS = {"light": ("#ffffff", "#f5f6f4", "#eceeeb"), "dark": ("#182129", "#10171d", "#0b1116")}


class Look(msgspec.Struct, frozen=True):
    """What an administrator has chosen beside name, address and telephone; empty: as the service comes.

    ``accent`` and ``accent_dark``: ``#rrggbb``, both or neither; ``logo``: digest of its bytes; ``version`` counts the changes.
    """

    short_name: str = ""
    contact: str = ""
    accent: str = ""
    accent_dark: str = ""
    greeting_id: str = ""
    greeting_en: str = ""
    kiosk_id: str = ""
    kiosk_en: str = ""
    logo: str = ""
    version: int = 0

    def greeting(self, language: str) -> str:
        """The words of the first page; in English the Indonesian ones where there are no others."""
        return (self.greeting_en if language == "en" else "") or self.greeting_id

    def kiosk_words(self, language: str) -> str:
        """The opening words of the kiosk, as above."""
        return (self.kiosk_en if language == "en" else "") or self.kiosk_id


def is_colour(text: str) -> bool:
    """Whether it is a colour as these settings hold it."""
    return _HEX.fullmatch(text) is not None


def contrast(one: str, other: str) -> float:
    """From 1 to 21, as WCAG reckons it."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def palette(accent: str, theme: str) -> dict[str, str]:
    """The tokens of a theme that follow from its accent."""
    if theme == "light":
        return {
            "brand": accent,
            "brand-strong": mix(accent, _BLACK, 0.3),
            "brand-content": _WHITE,
            "brand-soft": mix(_WHITE, accent, 0.1),
        }
    return {
        "brand": accent,
        "brand-strong": mix(accent, _WHITE, 0.35),
        "brand-content": mix(accent, _BLACK, 0.86),
        "brand-soft": mix("#182129", accent, 0.12),
    }


def least_contrast(accent: str, theme: str) -> float:
    """The worst of all the pairs in which the pages of a theme use the accent."""
    tokens = palette(accent, theme)
    grounds = (*_GROUNDS[theme], tokens["brand-soft"])
    return min(contrast(tokens["brand-content"], accent), *(contrast(accent, ground) for ground in grounds))


def dark_from(accent: str) -> str:
    """The accent for the dark theme: as much lighter as it has to be."""
    lighter = (mix(accent, _WHITE, step / 20) for step in range(20))
    return next((one for one in lighter if least_contrast(one, "dark") >= LEAST_CONTRAST), _WHITE)


def style_sheet(look: Look) -> str:
    """The tokens that differ from base.css, in its own layer; nothing when the colours are those of the service."""
    if not look.accent:
        return ""
    light, dark = (_rules(palette(c, t)) for c, t in ((look.accent, "light"), (look.accent_dark, "dark")))
    return (
        f"@layer tokens {{\n:root {{ {light} }}\n:root[data-theme=dark] {{ {dark} }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root:not([data-theme]) {{ {dark} }} }}\n}}\n"
    )


def mix(one: str, other: str, share: float) -> str:
    """``one`` with this share of ``other`` in it."""
    parts = zip(_parts(one), _parts(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in parts)


def rgb(colour: str) -> tuple[int, int, int]:
    """Red, green and blue from 0 to 255."""
    red, green, blue = _parts(colour)
    return red, green, blue


def _rules(tokens: dict[str, str]) -> str:
    return " ".join(f"--{name}: {value};" for name, value in tokens.items())


def _parts(colour: str) -> list[int]:
    return [int(colour[place : place + 2], 16) for place in (1, 3, 5)]


def _luminance(colour: str) -> float:
    shares = [part / 255 for part in _parts(colour)]
    red, green, blue = (s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
