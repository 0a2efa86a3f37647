"""What the public routes need of a request: its form fields, and that it was this site's own page that sent them."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from urllib.parse import unquote_to_bytes

from litestar import Response

from complaints_service.accounts.dependencies import same_origin
from complaints_service.errors import Forbidden, Malformed
from complaints_service.web.bodies import form_fields
from complaints_service.web.pages import PageRequest

# The largest form we have is a complaint of 5,000 characters, percent-encoded (up to 12 bytes for a character outside ASCII).
LARGEST_FORM = 200_000
# NUL cannot be stored, a lone surrogate cannot be encoded: no keyboard makes either.
_UNREADABLE = re.compile("[\0\ud800-\udfff]")
_NO_TEXT = "The form holds characters that are no text. Please write it again."


async def own_form(request: PageRequest) -> dict[str, str]:
    """The fields of a form that a page of this site sent; of a repeated field the last. Raises Forbidden for another site's."""
    if not same_origin(request):
        raise Forbidden("Send this from the office's own page.", code="cross_site")
    form = {name: value for name, value in (await form_fields(request)).items() if isinstance(value, str)}
    try:
        # The framework's parser drops or replaces bytes that are no UTF-8: nobody would know what was meant.
        unquote_to_bytes(await request.body()).decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed(_NO_TEXT) from None
    refuse_unreadable(form.values())
    return form


def refuse_unreadable(values: Iterable[str]) -> None:
    """Raises Malformed for characters that cannot be stored."""
    if any(_UNREADABLE.search(value) for value in values):
        raise Malformed(_NO_TEXT)


def form_id_of(form: Mapping[str, str]) -> str:
    """The form's own UUID, under which it counts once; a fresh one when it came without (or with something else in its place)."""
    try:
        return str(uuid.UUID(form.get("form_id", "")))
    except ValueError:
        return str(uuid.uuid4())


def see_other(address: str) -> Response[bytes]:
    """303: go and GET that address of this site. Litestar's Redirect quotes nothing that we have not chosen ourselves."""
    return Response(b"", status_code=303, media_type="text/plain", headers={"Location": address})
