"""How long a sign-in must wait after failures. Pure rules; the counts come from PostgreSQL (table ``signin_failure``).

The owner of an account is never locked out: failures of others only shorten the free tries, and whoever comes from another
address (or with the cookie of a device that has signed in before, which is counted on its own) is let in at once with the
right password.
"""

from __future__ import annotations

import math

import msgspec

WINDOW_SECONDS = 3600

# One account from one address: strict. Doubles from 2 s to 5 min.
PAIR_FREE = 5
PAIR_FREE_UNDER_ATTACK = 2
PAIR_LONGEST = 300
# One address over all accounts (an office behind one address is many people): doubles from 1 s to 1 min.
ADDRESS_FREE = 50
ADDRESS_LONGEST = 60
# One account from all addresses: nobody waits for it, but it is seen as an attack.
ACCOUNT_ATTACK = 50


class Failures(msgspec.Struct, frozen=True, kw_only=True):
    """Failures within the last hour, and seconds since the latest of the kind (0 when there is none)."""

    pair: int = 0
    pair_age: float = 0.0
    address: int = 0
    address_age: float = 0.0
    account: int = 0

    @property
    def attacked(self) -> bool:
        """So many failures over all addresses that somebody tries passwords on this account."""
        return self.account >= ACCOUNT_ATTACK


def wait_seconds(failures: Failures) -> int:
    """Whole seconds until the next try is looked at; 0: now."""
    pair_free = PAIR_FREE_UNDER_ATTACK if failures.attacked else PAIR_FREE
    pair = _delay(failures.pair - pair_free, 2, PAIR_LONGEST) - failures.pair_age
    address = _delay(failures.address - ADDRESS_FREE, 1, ADDRESS_LONGEST) - failures.address_age
    return max(0, math.ceil(pair), math.ceil(address))


def _delay(over: int, first: int, longest: int) -> int:
    """Nothing up to the free tries, then ``first`` seconds, doubled with every further failure up to ``longest``."""
    return 0 if over < 0 else min(longest, first * 2 ** min(over, 12))
