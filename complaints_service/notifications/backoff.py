"""How long to wait before the next try. Pure: the caller brings the luck."""

from __future__ import annotations

MAX_TRIES = 120
# A message that cannot even be made (a template that raises, an address that is gone) is not mended by waiting for days.
MAX_POISON_TRIES = 5
# Hand-overs whose end nobody knows: the first and at most two more (RFC 1047: copies cannot be excluded, so they are bounded).
MAX_UNCERTAIN = 3


def pause(attempt: int, least: float, most: float, luck: float) -> float:
    """Machine seconds until the next try after ``attempt`` (1 is the first).

    Full jitter between ``least`` and a ceiling that doubles with every try up to ``most``; ``luck`` in [0, 1).
    """
    ceiling = min(most, least * 2.0 ** min(max(attempt, 1), 30))
    return least + (ceiling - least) * luck if ceiling > least else least


def hold(failures: int, least: float, most: float, luck: float) -> float:
    """Machine seconds for which a broken way rests after so many failures in a row; at most a minute, so that it recovers by itself."""
    return min(pause(failures, least, min(most, 60.0), luck), most)
