"""The words a policy is written in: closed sets and limits, as the tables of sql/migrations hold them."""

from __future__ import annotations

from complaints_service.office.model import PolicyTarget
from complaints_service.tickets.model import Kind, Priority

# In the order in which people read them.
TARGETS = ("verify", "answer", "sign", "attend", "reporter", "closing")
REQUIRED_TARGETS = frozenset({"verify", "answer", "sign", "reporter", "closing"})
# Their ladders must go on as long as nobody acts (I12); the others end the case, or another one goes on.
REPEATING_TARGETS = frozenset({"answer", "sign", "attend"})
CONDITIONS = tuple(
    name for name in PolicyTarget.__struct_fields__ if name not in ("target", "amount", "measure")
)  # kind, category, priority, simple, oversight
KINDS = tuple(kind.value for kind in Kind)
PRIORITIES = tuple(priority.value for priority in Priority)
RAISED_TO = ("normal", "high", "urgent")
MEASURES = ("working_days", "working_minutes", "calendar_days", "calendar_minutes")
# Five years, and what the tables can hold.
MOST = {"working_days": 1_300, "working_minutes": 600_000, "calendar_days": 1_826, "calendar_minutes": 600_000}
RESTARTS = ("restart", "continue")
PAUSING_STATUSES = ("verified", "in_progress", "waiting_reporter")
PAUSED_TARGETS = ("answer",)
ANCHORS = ("start", "half", "due", "previous")
WAYS = ("email", "whatsapp")
ACTS = ("notify", "remind_reporter", "lapse", "close")
# Which ladder may do what beside telling people: only the clocks of the reporter write to the reporter and end the case.
ACTS_OF = {"reporter": ("notify", "remind_reporter", "lapse"), "closing": ("notify", "remind_reporter", "close")}
ENDING_ACTS = {"reporter": "lapse", "closing": "close"}
HIGHEST_LEVEL = 9
LONGEST_NOTE = 500
