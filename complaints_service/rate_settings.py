"""What the settings say about how much is taken: from one sender, about one contact, from everybody together."""

from __future__ import annotations

from typing import Annotated

import msgspec

from complaints_service.environment import Environment


def about(default: str, meaning: str) -> msgspec.Meta:
    """What a person reads about a setting in docs/settings.md: its default in words, and its meaning."""
    return msgspec.Meta(title=default, description=meaning)


class RateSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The part of ``Settings`` that limits. None: unlimited."""

    rate_filing_per_minute: Annotated[
        int | None,
        about(
            "`30`, with DEV unlimited; `0` is unlimited",
            "Complaints (and as many surveys) taken from one network address each minute; beyond that 429 with Retry-After.",
        ),
    ] = 30
    rate_signin_per_minute: Annotated[
        int | None, about("`60`; `0` is unlimited", "Sign-in attempts from one network address each minute.")
    ] = 60
    rate_lookup_per_minute: Annotated[
        int | None,
        about("`60`; `0` is unlimited", "Look-ups by ticket number from one network address each minute."),
    ] = 60
    rate_upload_per_minute: Annotated[
        int | None,
        about("`60`, with DEV unlimited; `0` is unlimited", "Files taken from one network address each minute."),
    ] = 60
    rate_upload_megabytes_per_day: Annotated[
        int | None,
        about("`1000`, with DEV unlimited; `0` is unlimited", "Megabytes of files from one network address each day."),
    ] = 1_000
    upload_megabytes_per_day: Annotated[
        int, about("`10000`", "Megabytes of files taken from everybody together each day (UTC); texts go on.")
    ] = 10_000
    attachment_reserve_megabytes: Annotated[
        int,
        about("`1000`", "What files leave free on the disk of DATA_DIR, for the database beside them; texts go on."),
    ] = 1_000
    rate_contact_per_hour: Annotated[
        int | None,
        about(
            "`5`, with DEV unlimited; `0` is unlimited",
            "Complaints each hour that name one e-mail address or telephone number; what comes beyond is taken and held for a look.",
        ),
    ] = 5
    rate_flood_per_minute: Annotated[
        int | None,
        about(
            "`120`, with DEV unlimited; `0` is unlimited",
            "Complaints through form and API from everybody together each minute; what comes beyond is taken and held for a look.",
        ),
    ] = 120
    rate_held_per_minute: Annotated[
        int | None,
        about(
            "`60`; `0` is unlimited",
            "Complaints taken and held each minute; beyond that 429 with Retry-After, and the form keeps what was written.",
        ),
    ] = 60
    hold_hours: Annotated[
        int, about("`24`", "Hours of office time after which what is held goes into the queue by itself.")
    ] = 24
    receipts_per_day: Annotated[
        int | None,
        about(
            "`1`, with DEV unlimited; `0` is unlimited",
            "Receipts by mail to one e-mail address each day; the others come together in one list.",
        ),
    ] = 1
    form_min_seconds: Annotated[
        float,
        about(
            "`3`, with DEV `0`",
            "A form that is sent sooner after it was made than a person can read asks to be sent once more; it keeps all answers.",
        ),
    ] = 3.0


def read_rates(read: Environment, dev: bool) -> RateSettings:
    """Every limit; in development nobody is limited unless a variable says so."""
    return RateSettings(
        rate_filing_per_minute=read.whole("RATE_FILING_PER_MINUTE", 0 if dev else 30, 0, 1_000_000) or None,
        rate_signin_per_minute=read.whole("RATE_SIGNIN_PER_MINUTE", 60, 0, 1_000_000) or None,
        rate_lookup_per_minute=read.whole("RATE_LOOKUP_PER_MINUTE", 60, 0, 1_000_000) or None,
        rate_upload_per_minute=read.whole("RATE_UPLOAD_PER_MINUTE", 0 if dev else 60, 0, 1_000_000) or None,
        rate_upload_megabytes_per_day=read.whole("RATE_UPLOAD_MEGABYTES_PER_DAY", 0 if dev else 1_000, 0, 1_000_000)
        or None,
        upload_megabytes_per_day=read.whole("UPLOAD_MEGABYTES_PER_DAY", 10_000, 0, 10_000_000),
        attachment_reserve_megabytes=read.whole("ATTACHMENT_RESERVE_MEGABYTES", 1_000, 0, 10_000_000),
        rate_contact_per_hour=read.whole("RATE_CONTACT_PER_HOUR", 0 if dev else 5, 0, 1_000_000) or None,
        rate_flood_per_minute=read.whole("RATE_FLOOD_PER_MINUTE", 0 if dev else 120, 0, 1_000_000) or None,
        rate_held_per_minute=read.whole("RATE_HELD_PER_MINUTE", 60, 0, 1_000_000) or None,
        hold_hours=read.whole("HOLD_HOURS", 24, 1, 240),
        receipts_per_day=read.whole("RECEIPTS_PER_DAY", 0 if dev else 1, 0, 1_000) or None,
        form_min_seconds=read.seconds("FORM_MIN_SECONDS", 0 if dev else 3, 0, 60),
    )
