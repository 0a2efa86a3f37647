"""The e-mail transport: one message, one recipient, one connection, one outcome (rule 4 of RELIABILITY.md)."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable
from email import policy
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

import aiosmtplib
import msgspec

from complaints_service.clock import machine_now
from complaints_service.notifications.outcomes import Dead, Outcome, Retry, Sent, Throttled, Uncertain
from complaints_service.notifications.rendering import Email
from complaints_service.notifications.smtp_address import SmtpAddress

# 7bit: some servers between here and the reader still do not speak 8BITMIME.
_WIRE = policy.SMTP.clone(cte_type="7bit")
# At 78 a subject may be folded right after its name, and some readers then show a leading blank (RFC 5322 allows 998).
_WIDE = _WIRE.clone(max_line_length=200)
_SERVICE_CLOSING = 421
_QUIT_SECONDS = 1.0


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """A mail on its way. ``to_name`` is a person of the office, never a reporter: no personal data in headers (I9)."""

    to: str
    to_name: str = ""
    sender: str
    sender_name: str
    message_id: str
    thread_root: str | None
    language: str
    mail: Email


class Sealed(msgspec.Struct, frozen=True):
    """A mail as bytes, for exactly one recipient."""

    to: str
    sender: str
    raw: bytes


class UnusableAddress(ValueError):
    """The address cannot be written into a mail."""


def build(envelope: Envelope) -> EmailMessage:
    """The message as it goes out. Raises UnusableAddress; names are quoted as names, so none can smuggle in an address."""
    message = EmailMessage(policy=_WIRE)
    try:
        message["From"] = Address(display_name=_one_line(envelope.sender_name), addr_spec=envelope.sender)
        message["To"] = Address(display_name=_one_line(envelope.to_name), addr_spec=envelope.to)
    except (ValueError, IndexError, HeaderParseError) as error:
        raise UnusableAddress("address_unusable") from error
    if not envelope.to.isascii() or any(character.isspace() for character in envelope.to):
        raise UnusableAddress("address_unusable")
    message["Subject"] = _one_line(envelope.mail.subject)
    message["Date"] = format_datetime(machine_now())
    message["Message-ID"] = envelope.message_id
    if envelope.thread_root is not None:
        message["In-Reply-To"] = envelope.thread_root
        message["References"] = envelope.thread_root
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(envelope.mail.text, cte="quoted-printable")
    message.add_alternative(envelope.mail.html, subtype="html", cte="quoted-printable")
    rich, logo = message.get_body(("html",)), envelope.mail.logo
    if rich is not None and logo is not None:
        # Beside the HTML part alone: who reads plain text carries no picture about.
        rich.add_related(logo.content, "image", "png", cid=f"<{logo.cid}>", filename="logo.png", disposition="inline")
        # What the related parts belong to: RFC 2387 asks for it, and the library leaves it out.
        rich.set_param("type", "text/html")
    # After the content: setting that clears every Content- header.
    message["Content-Language"] = envelope.language
    return message


def seal(envelope: Envelope) -> Sealed:
    """The mail ready for the wire. Raises UnusableAddress."""
    plain = (envelope.mail.subject + envelope.to_name + envelope.sender_name).isascii()
    # Encoded words have a limit of their own (75, RFC 2047), which only the usual width keeps.
    return Sealed(envelope.to, envelope.sender, build(envelope).as_bytes(policy=_WIDE if plain else _WIRE))


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


class EmailTransport:
    """Sends by SMTP. ``address`` is asked each time: the development catcher may come up later than we do."""

    def __init__(
        self,
        address: Callable[[], SmtpAddress | None],
        time_limit: float,
        *,
        tls_context: ssl.SSLContext | None = None,
    ) -> None:
        self._address = address
        self._time_limit = time_limit
        self._tls_context = tls_context

    async def send(self, mail: Sealed) -> Outcome:
        """Try once, within ``time_limit`` machine seconds in all. Never sends in clear when TLS was asked for."""
        address = self._address()
        if address is None:
            return Retry("no_mail_server", way_down=True)
        client = aiosmtplib.SMTP(
            hostname=address.host,
            port=address.port,
            username=address.username,
            password=address.password,
            use_tls=address.use_tls,
            start_tls=address.start_tls,
            tls_context=self._tls_context,
            local_hostname=mail.sender.rpartition("@")[2] or "localhost",
            timeout=self._time_limit,
        )
        stage = _Stage()
        try:
            async with asyncio.timeout(self._time_limit):
                return await stage.walk(client, mail)
        except TimeoutError:
            return stage.cut("time_limit")
        except (aiosmtplib.SMTPException, OSError) as error:
            return stage.cut(type(error).__name__)
        finally:
            client.close()

    async def close(self) -> None:
        """Nothing is kept open between two messages."""


class _Stage:
    """How far one try got: what a failure means depends on it."""

    def __init__(self) -> None:
        self.connected = False
        self.data_begun = False

    async def walk(self, client: aiosmtplib.SMTP, mail: Sealed) -> Outcome:
        """Connect, name sender and the one recipient, hand over. A refusal comes back as an outcome, a cut raises."""
        refused = await self._connect(client)
        if refused is not None:
            return refused
        self.connected = True
        try:
            await client.mail(mail.sender)
            await client.rcpt(mail.to)
            self.data_begun = True
            response = await client.data(mail.raw)
        except aiosmtplib.SMTPResponseException as error:
            return _refusal(error.code)
        # Taken is taken: a server that hangs on QUIT changes nothing about it.
        with contextlib.suppress(aiosmtplib.SMTPException, OSError):
            await client.quit(timeout=_QUIT_SECONDS)
        return Sent(provider_id=str(response.code))

    async def _connect(self, client: aiosmtplib.SMTP) -> Outcome | None:
        """Everything before MAIL concerns the server, not this message: it is never the message's fault."""
        try:
            await client.connect()
        except aiosmtplib.SMTPAuthenticationError as error:
            return Retry(f"smtp_login_{error.code}", way_down=True, needs_person=True)
        except aiosmtplib.SMTPResponseException as error:
            return Retry(f"smtp_greeting_{error.code}", way_down=True)
        except (aiosmtplib.SMTPTimeoutError, aiosmtplib.SMTPServerDisconnected) as error:
            return Retry(type(error).__name__, way_down=True)
        except ssl.SSLError:
            return Retry("smtp_tls", way_down=True, needs_person=True)
        except aiosmtplib.SMTPConnectError as error:
            trouble = isinstance(error.__cause__, ssl.SSLError)
            return Retry("smtp_tls" if trouble else "smtp_connect", way_down=True, needs_person=trouble)
        except aiosmtplib.SMTPException:
            # No STARTTLS where it is demanded, or no AUTH: a stripped line looks exactly like this.
            return Retry("smtp_no_tls_or_auth", way_down=True, needs_person=True)
        return None

    def cut(self, reason: str) -> Outcome:
        """The line went dead or time ran out here."""
        if self.data_begun:
            return Uncertain(reason)
        return Retry(reason, way_down=True)


def _refusal(code: int) -> Outcome:
    if code == _SERVICE_CLOSING:
        return Throttled(f"smtp_{code}")
    return Retry(f"smtp_{code}") if code < 500 else Dead(f"smtp_{code}")
