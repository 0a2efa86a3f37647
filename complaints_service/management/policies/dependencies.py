"""What the handlers of policies are given."""

from __future__ import annotations

from litestar.di import Provide

from complaints_service.database import Database
from complaints_service.management.policies.drafts import Drafts
from complaints_service.management.policies.service import Policies
from complaints_service.office.store import OfficeStore
from complaints_service.waker import Waker


def _policies(database: Database, offices: OfficeStore, waker: Waker) -> Policies:
    return Policies(database, offices, waker)


def _drafts(database: Database) -> Drafts:
    return Drafts(database)


DEPENDENCIES = {
    "policies": Provide(_policies, sync_to_thread=False),
    "drafts": Provide(_drafts, sync_to_thread=False),
}
