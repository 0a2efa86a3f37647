"""Many made-up tickets: 90 % ended, over two years, from every door, about everything in the catalogue. No I/O."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from secrets import token_bytes
from zoneinfo import ZoneInfo

from complaints_service.demo.bulk_rows import Rows, RowWriter
from complaints_service.demo.history import Teller
from complaints_service.demo.phrases import Told, full_name, phrases, tell
from complaints_service.keys import Keys
from complaints_service.office.model import Office
from complaints_service.routing.rules import Routed, route
from complaints_service.tickets.model import Channel, Complaint, Kind, Privacy, Status, Ticket
from complaints_service.tickets.rows import SEED_BYTES

TWO_YEARS_DAYS = 730
# Ended lives may have begun as lately as this; one that would end in the future begins so much earlier.
LATEST_ENDED_DAYS = 4
EARLIER_DAYS = 45
ENDED_SHARE = 0.9
# Of a hundred open tickets, with how many days ago they may have come at most.
_OPEN = (
    (Status.RECEIVED, 20, 3.0),
    (Status.VERIFIED, 20, 6.0),
    (Status.IN_PROGRESS, 36, 12.0),
    (Status.IN_PROGRESS, 4, 30.0),
    (Status.WAITING_REPORTER, 10, 7.0),
    (Status.ANSWERED, 10, 8.0),
)
_CHANNELS = ((Channel.WEB, 34), (Channel.WHATSAPP, 26), (Channel.KIOSK, 14), (Channel.COUNTER, 10), (Channel.PHONE, 6))
_RARE = ((Channel.LETTER, 4), (Channel.SOCIAL, 4), (Channel.EMAIL, 2))
_AT_THE_DESK = frozenset({Channel.COUNTER, Channel.PHONE, Channel.LETTER, Channel.SOCIAL})


class BulkTickets:
    """Makes tickets one by one and collects their rows by table, in the order in which COPY must write them."""

    def __init__(self, office: Office, keys: Keys, now: datetime, ended_share: float = ENDED_SHARE) -> None:
        self._ended_share = ended_share
        self._writer = RowWriter(keys)
        self._office = office
        self._now = now
        self._dice = Random()  # noqa: S311 - made-up complaints, no secrets
        self._placed: dict[tuple[object, ...], Routed] = {}
        self._words = phrases()
        self._teller = Teller(office, self._words, now)
        self._zone = ZoneInfo(office.time_zone)
        self._by_hour = any(rule.between_from or rule.between_to for rule in office.rules)
        self._by_door = any(rule.channels for rule in office.rules)
        self._desk_officer = min(office.people)
        self._channels = [channel for channel, weight in (*_CHANNELS, *_RARE) for _ in range(weight)]
        self._stages = [(status, days) for status, weight, days in _OPEN for _ in range(weight)]

    @property
    def rows(self) -> Rows:
        """What was made since ``begin``, by table."""
        return self._writer.rows

    def begin(self, seed: int) -> None:
        """Forget the rows made so far; the same seed makes the same tickets again."""
        self._writer.clear()
        self._dice.seed(seed)

    def add(self, ticket_id: int) -> None:
        """One more ticket under this id."""
        dice = self._dice
        told = tell(self._words, dice)
        if dice.random() < self._ended_share:
            ago = dice.uniform(LATEST_ENDED_DAYS, TWO_YEARS_DAYS)
            while not self._add_ended(ticket_id, told, ago):
                ago += EARLIER_DAYS
            return
        status, most = dice.choice(self._stages)
        ago = dice.uniform(most * 0.6 if most > 20 else 0.05, most)
        complaint = self._complaint(told, self._now - timedelta(days=ago))
        placed = self._place(told, complaint)
        ticket = self._fresh(ticket_id, complaint, placed)
        self._writer.write(ticket, complaint, placed, self._teller.open(ticket, status, dice))

    def _add_ended(self, ticket_id: int, told: Told, days_ago: float) -> bool:
        """A life that began then and is over; False when it would not be over yet."""
        complaint = self._complaint(told, self._now - timedelta(days=days_ago))
        placed = self._place(told, complaint)
        ticket = self._fresh(ticket_id, complaint, placed)
        life = self._teller.ended(ticket, self._dice)
        if max(step.at for step in life.steps) >= self._now - timedelta(minutes=1):
            return False
        self._writer.write(ticket, complaint, placed, life)
        return True

    def _complaint(self, told: Told, received_at: datetime) -> Complaint:
        dice = self._dice
        channel = dice.choice(self._channels)
        anonymous = dice.random() < 0.5 if channel is Channel.KIOSK else channel is Channel.WEB and dice.random() < 0.2
        confidential = not anonymous and dice.random() < 0.1
        kind = {"informasi": Kind.INFORMATION, "lainnya": Kind.SUGGESTION}.get(told.category, Kind.COMPLAINT)
        return Complaint(
            description=told.description,
            subject=told.subject,
            kind=kind,
            channel=channel,
            privacy=Privacy.ANONYMOUS if anonymous else Privacy.CONFIDENTIAL if confidential else Privacy.OPEN,
            category=told.category,
            service=told.service,
            reporter_name=None if anonymous else full_name(self._words, dice),
            reporter_phone=None if anonymous else f"+62811{dice.randrange(10**7):07}",
            received_at=received_at,
            filed_by=self._desk_officer if channel in _AT_THE_DESK else None,
        )

    def _place(self, told: Told, complaint: Complaint) -> Routed:
        """Routed by the office's own rules, once for each thing that they look at."""
        assert complaint.received_at is not None  # noqa: S101 (_complaint sets it)
        if self._by_hour:
            return route(complaint, self._office, complaint.received_at)
        key = (
            told.description,
            told.subject,
            told.service,
            complaint.kind,
            complaint.channel if self._by_door else None,
        )
        placed = self._placed.get(key)
        if placed is None:
            placed = self._placed[key] = route(complaint, self._office, complaint.received_at)
        return placed

    def _fresh(self, ticket_id: int, complaint: Complaint, placed: Routed) -> Ticket:
        office, received_at = self._office, complaint.received_at or self._now
        year = received_at.astimezone(self._zone).year
        return Ticket(
            office_id=office.id,
            id=ticket_id,
            number=f"{office.number_prefix}-{year}-{ticket_id:06}",
            status=Status.RECEIVED,
            status_before=Status.RECEIVED,
            released_at=received_at,
            kind=complaint.kind,
            channel=complaint.channel,
            privacy=complaint.privacy,
            language="id",
            category=complaint.category,
            service=complaint.service,
            priority=placed.priority,
            simple=placed.simple,
            oversight=placed.oversight,
            unit_id=placed.unit_id,
            assignee_id=None,
            reported_units=(),
            reported_people=(),
            received_at=received_at,
            filed_by=complaint.filed_by,
            next_due_at=None,
            last_sign_at=received_at,
            answered_at=None,
            ended_at=None,
            episode=0,
            level=0,
            requested_days=None,
            merged_into=None,
            split_from=None,
            policy_version=office.policy_at(received_at).version,
            calendar_version=office.latest_calendar().version,
            key_id=office.key_id,
            seq=1,
            version=1,
            chain_seed=token_bytes(SEED_BYTES),
            chain_head=b"",
            last_event_at=received_at,
            last_act=None,
        )
