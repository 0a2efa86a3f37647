"""What ``complaints doctor --audit`` asks: a query of sql/queries/doctor.sql for each way in which an invariant can be broken, and what
a person does about a row that it finds. (The chains of I7 and the files of I10 have modules of their own.)"""

from __future__ import annotations

import msgspec


class Check(msgspec.Struct, frozen=True):
    """A query whose rows break an invariant, and what a person does about such a row."""

    invariant: str
    query: str
    advice: str
    with_grace: bool = False
    capped: bool = True


REWRITTEN = "restore a backup beside this database and compare; the log of the machine tells who was there"

# Asked once: a second or so at a million tickets.
OF_TABLES = (
    Check("I1", "i1_acknowledged", "look for the ticket in a backup: its reporter holds a number"),
    Check("I3", "i3_one_roll_up", "nothing to send again; report it: a roll-up has a unique key"),
    Check(
        "I4", "i4_stuck", "see that a worker runs and the way works (/admin); it leaves by itself then", with_grace=True
    ),
    Check("I4", "i4_ends", "send it again on /admin, or tell the reader another way"),
    Check("I5", "i5_copies", "the reader may hold several copies; look for a way out that cuts connections"),
    Check("I6", "i6_early", "look at the clock's moves (clock_move); tell who was escalated to too early"),
    Check(
        "I6", "i6_late", "see that a worker runs: it fires by itself then; poison timers have an alarm", with_grace=True
    ),
    Check("I8", "i8_tables", "ALTER TABLE ... ENABLE and FORCE ROW LEVEL SECURITY with the policies of 0008_scope.sql"),
    Check("I8", "i8_assigned", "give the case to somebody else at the desk"),
    Check("I8", "i8_told", "tell the head of office: the person named knows of the complaint"),
    Check("I9", "i9_alarms", "report it: alarms name rows, never people"),
    Check("I9", "i9_erased", "erase the words again"),
    Check("I11", "i11_bounds", "see that a worker runs: its upkeep takes them away", with_grace=True, capped=False),
    Check("I12", "i12_silent", "act on the case at the desk: any deed arms its clocks anew; report it"),
)
# Asked for one span of tickets after the other: of what has several rows for each of them.
OF_SPANS = (
    Check("I3", "i3_one_row", "cancel the row that has not left; the reader got or gets it twice"),
    Check("I9", "i9_messages", "report it: messages carry codes, words are put in when they leave"),
)
# Asked for one share of the Message-IDs after the other.
OF_NAMES = Check("I5", "i5_one_name", "tell the reader another way: one of the messages may not be shown")
# Message-IDs are random behind their "<": between these borders lie shares of about the same size, and all others in the outer two.
SHARES_OF_NAMES = (("", "<4"), ("<4", "<8"), ("<8", "<c"), ("<c", None))
# What the walk over all tickets looks at beside their chains (``doctor_chain.Suspects``), and who says what it is.
OF_SUSPECTS = {
    "half_filed": Check("I1", "i1_whole", "look for the missing rows in a backup; filing never leaves them out"),
    "filed_again": Check("I2", "i2_one_each", "merge the tickets at the desk and report it: a filing happens once"),
    "tells_reporter": Check("I9", "i9_events", "report it: words of people belong into the erasable tables"),
}

_ALL = (*OF_TABLES, *OF_SPANS, OF_NAMES, *OF_SUSPECTS.values())
INVARIANTS: tuple[str, ...] = tuple(
    sorted({"I7", "I10", *(check.invariant for check in _ALL)}, key=lambda name: int(name.removeprefix("I")))
)
