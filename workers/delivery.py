"""Messages out of the office: what a wake-up and a sweep do (the rules are in notifications/delivery.py)."""

from __future__ import annotations

from complaints_service.wiring import Services


async def deliver(services: Services) -> int:
    """Send what is due; the number of messages sent."""
    return await services.notifications.deliver_due()


async def upkeep(services: Services) -> int:
    """Digests, mails about alarms, old links; the number of rows put into the outbox."""
    return await services.notifications.upkeep()
