"""What looks like part of a flood is taken and held for an officer's look, up to a rate; beyond that it is refused with 429."""

from __future__ import annotations

import msgspec

from complaints_service.tickets.model import Complaint, Hold
from complaints_service.web.pages import PageRequest
from complaints_service.web.rate_limits import Limit, limits_of

_EVERYBODY = "everybody"


async def looked_at(request: PageRequest, complaint: Complaint) -> Complaint:
    """The complaint, to be held when very many name its contact or very many come in at once. Raises TooMany.

    Not whose address it comes from counts here (that is ``Limit.FILING``): a thousand addresses may name one victim.
    """
    limits = limits_of(request)
    why = "office" if await limits.beyond(Limit.FLOOD, _EVERYBODY) else ""
    # In the middle of a flood it is held anyway, and every question to Valkey costs others their turn.
    for contact in (complaint.reporter_email, complaint.reporter_phone) if not why else ():
        if contact and await limits.beyond(Limit.CONTACT, contact.lower()):
            why = "contact"
    if not why:
        return complaint
    await limits.check(Limit.HELD, _EVERYBODY)
    return msgspec.structs.replace(complaint, hold=Hold(why, limits.hold_hours))
