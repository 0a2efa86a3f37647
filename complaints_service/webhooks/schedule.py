"""When a webhook is tried again: the example schedule of Standard Webhooks as far as it reaches over a day. Pure."""

from __future__ import annotations

# Pauses in machine seconds after the first, second, ... failure: 8 tries within 31 h 35 min.
PAUSES = (5.0, 300.0, 1_800.0, 7_200.0, 18_000.0, 36_000.0, 50_400.0)
TRIES = len(PAUSES) + 1
# After a try whose message may have been taken. There are three such tries at most: spread over two hours, they outlive a receiver that
# hangs while its line is up.
UNCERTAIN_PAUSES = (300.0, 7_200.0)
_JITTER = 0.1
LONGEST_ASKED = 3_600.0


def pause_after(attempt: int, asked: float, luck: float, uncertain: int = 0) -> float | None:
    """Seconds until the next try after ``attempt`` (1 is the first) failed; None: it was the last.

    ``asked``: what the receiver wants us to wait (Retry-After), believed up to an hour; ``luck`` in [0, 1) spreads the tries;
    ``uncertain``: how many tries may have been taken, the last one among them; 0 when the last one was not.
    """
    if attempt >= TRIES:
        return None
    pause = PAUSES[max(attempt, 1) - 1]
    if uncertain:
        pause = max(pause, UNCERTAIN_PAUSES[min(uncertain, len(UNCERTAIN_PAUSES)) - 1])
    return max(pause * (1 - _JITTER + 2 * _JITTER * luck), asked)


def asked_seconds(header: str | None) -> float:
    """``Retry-After`` in seconds, at most an hour; 0 without one (a date is passed over)."""
    if header is None or not header.isascii() or not header.isdigit() or len(header) > 9:
        return 0.0
    return min(float(header), LONGEST_ASKED)
