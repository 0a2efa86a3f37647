"""Forms that carry files: read to disk, kept over every error and over the check page as ids, and shown with their names again."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from complaints_service.accounts.dependencies import same_origin
from complaints_service.errors import Forbidden, TooLarge
from complaints_service.i18n import translate
from complaints_service.intake.attachments.answers import refusal_words
from complaints_service.intake.attachments.receiving import Received, ReceivedFile, is_multipart
from complaints_service.intake.attachments.rules import MOST_FILES, MOST_NAME
from complaints_service.intake.attachments.service import Attachments
from complaints_service.intake.attachments.trouble import Refused, StorageFull
from complaints_service.public.answers import Messages
from complaints_service.public.requests import LARGEST_FORM, own_form, refuse_unreadable
from complaints_service.tickets.attachments import Upload
from complaints_service.web.bodies import form_fields
from complaints_service.web.i18n import language_of
from complaints_service.web.pages import PageRequest

# The file field, and the ids of what was taken before; the summary of errors links to the first.
FILE, KEPT = "file", "attachments"
_TOO_MANY = "At most {most} files can be sent. Choose the most important ones."
_LOST = "A file was not there any more. Please choose it again."

Check = Callable[[Mapping[str, str]], object]


class FormWithFiles(msgspec.Struct, frozen=True):
    """A form as it came: fields (of a repeated one the last), the ids it carries, and its files as they stand now.

    ``uploads``: what can be sent, kept and new; ``lost``: ids that nobody can claim any more; ``refused``: what to do about files
    that were not taken, in the reader's language.
    """

    fields: dict[str, str]
    ids: tuple[str, ...]
    uploads: list[Upload]
    lost: tuple[str, ...]
    refused: tuple[str, ...]
    language: str

    @property
    def problem(self) -> str:
        """Everything to be done about files, or nothing."""
        return " ".join((*self.refused, translate(self.language, _LOST)) if self.lost else self.refused)

    @property
    def upload_ids(self) -> tuple[str, ...]:
        """What a complaint or message names."""
        return tuple(upload.id for upload in self.uploads)


def no_check(_fields: Mapping[str, str]) -> None:
    """For forms that anybody may send."""


async def read_form(request: PageRequest, attachments: Attachments, check: Check = no_check) -> FormWithFiles:
    """A form that a page of this site sent, with or without files. ``check`` may refuse the fields before any file is looked at.

    Raises Forbidden for another site's, Malformed, TooLarge, and what ``check`` raises. Trouble with files is ``problem``: the words
    that came with them are never lost to it.
    """
    if not is_multipart(request):
        # The route lets files through; a form without any stays as small as every other (browsers always tell its length).
        length = request.content_length
        if length is None or length > LARGEST_FORM:
            raise TooLarge
        fields = await own_form(request)
        check(fields)
        ids = tuple(str(value) for value in (await form_fields(request)).getall(KEPT, []))
        return await _filled(attachments, fields, ids, [], [], language_of(request))
    if not same_origin(request):
        raise Forbidden("Send this from the office's own page.", code="cross_site")
    async with attachments.receive(request, keeps_fields=True) as received:
        fields = dict(received.fields)
        refuse_unreadable(fields.values())
        check(fields)
        ids = tuple(value for name, value in received.fields if name == KEPT)
        new, problems = await _keep(request, attachments, received, room=MOST_FILES - len(ids[:MOST_FILES]))
    return await _filled(attachments, fields, ids, new, problems, language_of(request))


async def _filled(
    attachments: Attachments,
    fields: dict[str, str],
    ids: tuple[str, ...],
    new: list[Upload],
    problems: list[str],
    language: str,
) -> FormWithFiles:
    ids = tuple(dict.fromkeys(ids))[:MOST_FILES]
    kept = await attachments.waiting(ids)
    waiting = {upload.id for upload in kept}
    lost = tuple(upload_id for upload_id in ids if upload_id not in waiting)
    return FormWithFiles(fields, ids, [*kept, *new], lost, tuple(problems), language)


async def _keep(
    request: PageRequest, attachments: Attachments, received: Received, *, room: int
) -> tuple[list[Upload], list[str]]:
    """Store what came, one after the other; one that is refused stops none of the others."""
    language = language_of(request)
    new: list[Upload] = []
    problems: list[str] = []
    files = [file for file in received.files if file.field == FILE]
    for file in files[:room]:
        try:
            new.append(await attachments.keep(request, file))
        except Refused as error:
            problems.append(f"{_short(file)}: {refusal_words(error, language)}")
        except StorageFull as error:
            return new, [*problems, refusal_words(error, language)]
    if len(files) > room or received.surplus:
        problems.append(translate(language, _TOO_MANY, most=MOST_FILES))
    if received.refusal is not None:
        problems.append(refusal_words(received.refusal, language))
    return new, problems


def _short(file: ReceivedFile) -> str:
    """The name the person knows, without what does not show; only ever escaped text on their own page."""
    return "".join(c for c in file.name if c.isprintable())[:MOST_NAME] or FILE


def with_file_problem(messages: Messages, problem: str) -> Messages:
    """Field messages with that of the files in its place: before the questions that come after it in the form."""
    if not problem:
        return messages
    after = [name for name in messages if name.startswith(("privacy", "reporter"))]
    before = [name for name in messages if name not in after]
    ordered = [
        *((name, messages[name]) for name in before),
        (FILE, problem),
        *((name, messages[name]) for name in after),
    ]
    return Messages(ordered)


def files_apart(messages: Messages) -> Messages:
    """Messages about single uploads (``attachments.0``) gathered under the file field."""
    about_files = [name for name in messages if name.startswith(KEPT)]
    others = Messages((name, text) for name, text in messages.items() if name not in about_files)
    return with_file_problem(others, messages[about_files[0]]) if about_files else others
