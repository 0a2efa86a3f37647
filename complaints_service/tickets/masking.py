"""Personal data as they show before somebody asks to see them (and is logged): enough to recognise, not enough to use."""

from __future__ import annotations

from complaints_service.tickets.file import ReporterDetails


def masked(details: ReporterDetails) -> ReporterDetails:
    """Name as initials, the last three digits of numbers, the first letter and the domain of an e-mail address."""
    return ReporterDetails(
        name=_initials(details.name),
        phone=_end(details.phone),
        email=_email(details.email),
        whatsapp=_end(details.whatsapp),
    )


def _initials(name: str | None) -> str | None:
    return " ".join(f"{part[0]}." for part in name.split()) if name else None


def _end(number: str | None) -> str | None:
    return f"•••{number.split('@')[0][-3:]}" if number else None


def _email(address: str | None) -> str | None:
    if not address:
        return None
    local, _, domain = address.partition("@")
    return f"{local[:1]}•••@{domain}"
