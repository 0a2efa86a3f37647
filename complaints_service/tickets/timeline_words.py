"""The words of statuses, next steps, events and commands, as msgids of the catalogues."""

from __future__ import annotations

from complaints_service.tickets.model import Status

STATUS_WORDS = {
    Status.RECEIVED: "Sent",
    Status.VERIFIED: "Verified",
    Status.IN_PROGRESS: "In progress",
    Status.WAITING_REPORTER: "Waiting for your reply",
    Status.ANSWERED: "Answered",
    Status.CLOSED: "Closed",
    Status.REJECTED: "Rejected",
    Status.FORWARDED: "Forwarded to another agency",
    Status.MERGED: "Merged",
    Status.WITHDRAWN: "Withdrawn",
}

NEXT_STEPS = {
    Status.RECEIVED: "The office checks the complaint and passes it to the right unit, by {verify}. You get an answer by {answer}.",
    Status.VERIFIED: "{unit} will work on your case. You get an answer by {answer}.",
    Status.IN_PROGRESS: "{unit} is working on your case. You get an answer by {answer}.",
    Status.WAITING_REPORTER: (
        "The office needs your reply to go on. Please answer by {reporter}; "
        "until then the time for our answer stands still."
    ),
    Status.ANSWERED: "Tell us whether this settles your case. Without a reply it closes by itself on {closing}.",
    Status.CLOSED: "The case is closed. If it comes back, write to us here within 30 days and it opens again.",
    Status.REJECTED: "The office does not take up this case; the reason is in the messages. You may turn to the Ombudsman.",
    Status.FORWARDED: "The case was passed to another agency, which will answer you.",
    Status.MERGED: (
        "Your case goes on together with another one about the same matter, whose state is: {merged}. "
        "If that does not settle yours, write to us here and your own case goes on."
    ),
    Status.WITHDRAWN: "The case has ended. If you want to go on, write to us here within 30 days and it opens again.",
}
# An urgent case may have its answer promised, by night and on days off too, before the office has opened to check it.
ANSWER_FIRST = "The office checks the complaint and passes it to the right unit. You get an answer by {answer}."
MISSED = (
    "We promised an answer by {answer} and missed that date. Superiors of the office were told and see to it; "
    "{unit} still owes you the answer."
)
MISSED_CHECK = "We wanted to check your complaint by {verify} and missed that date; superiors were told. You get an answer by {answer}."

CITIZEN_WORDS = {
    "filed": "Complaint received",
    "verified": "The office has checked the complaint",
    "started": "{unit} has begun to work on it",
    "asked": "The office has a question for you",
    "answered": "The office has answered",
    "interim_answered": "The office has written to you",
    "rejected": "The complaint was rejected: {reason}",
    "forwarded": "Forwarded to {agency}",
    "merged": "Merged with another case about the same matter",
    "withdrawn": "You have withdrawn the complaint",
    "lapsed": "Ended because no reply came in time",
    "closed": "The case was closed",
    "auto_closed": "Closed by itself: no reply came in the 10 working days after the answer",
    "reopened": "The office has reopened the case",
    "replied": "You have written to the office",
    "replied_reopens": "You have written to the office; the case is open again",
    "replied_resolved": "You have confirmed that the case is settled",
    "time_granted": "The date for the answer was moved by {working_days} working days",
    "assigned_unit": "The case was passed to {unit}",
    "pause_ended": "The time for our answer runs again: it had been standing since our question",
    "deadlines_moved": "The office's calendar or its time limits have changed ({moved})",
    "rated": "You have rated the handling",
    "data_given": "You have taken along what is stored about the case",
    "breach_verify": "The date for checking the complaint was missed; superiors were told",
    "breach_answer": "The date for the answer was missed; superiors were told",
}

OFFICE_WORDS = {
    **CITIZEN_WORDS,
    "filed": "Filed through {channel}; goes to {unit}",
    "filed_rule": "Filed through {channel}; goes to {unit} by the rule “{rule_name}”",
    "verified": "Verified",
    "started": "Work has begun",
    "asked": "Question to the reporter",
    "answered": "Answered",
    "interim_answered": "Interim message to the reporter",
    "merged": "Merged with {into}",
    "data_given": "The reporter has taken along what is stored about the case",
    "noted": "Internal note",
    "classified": "Classified: {now}",
    "priority_set": "Priority: {now}",
    "assigned_person": "Assigned to {person}",
    "assigned_unit": "Passed to {unit}",
    "escalated": "Escalated by hand to level {level}: {people}",
    "acknowledged": "Escalation acknowledged",
    "withdrawn": "Withdrawn by the reporter",
    "lapsed": "Lapsed: the reporter did not reply in time",
    "auto_closed": "Closed by itself after 10 working days without a reply",
    "replied": "The reporter has written",
    "replied_reopens": "The reporter has written; the case is open again",
    "replied_resolved": "The reporter has confirmed that it is settled",
    "reopened": "Reopened",
    "closed": "Closed",
    "split": "Second matter filed as {new}",
    "undone": "A step was undone",
    "time_requested": "More time requested: {working_days} working days",
    "time_refused": "More time refused",
    "released": "No longer held: it is in the queue",
    "rated": "Rated {score} of 4",
    "rung_fired": "{target}, {when}: {people} (level {level}, policy {policy_version})",
    "rung_fired_alone": "{target}, {when}: nobody could be reached (level {level}, policy {policy_version})",
    "rung_covered": "{target}, {when}: told with a higher rung (level {level}, policy {policy_version})",
    "remind_reporter": "The reporter was reminded",
    "deadlines_moved": "Counted anew by policy {policy_version} and calendar {calendar_version} ({moved})",
    "pause_ended": "The pause has reached its limit: the clock of the answer has been running again since {limit}",
}

COMMAND_LABELS = {
    "verify": "Verify",
    "classify": "Classify",
    "assign": "Assign",
    "start": "Start work",
    "ask": "Ask the reporter",
    "note": "Internal note",
    "answer": "Answer",
    "reject": "Reject",
    "forward": "Forward to another agency",
    "merge": "Merge",
    "split": "Split off a second matter",
    "escalate": "Escalate",
    "reopen": "Reopen",
    "close": "Close",
    "set_priority": "Set priority",
    "request_time": "Request more time",
    "grant_time": "Grant more time",
    "refuse_time": "Refuse more time",
    "acknowledge": "Acknowledge",
    "release": "Release into the queue",
    "undo": "Undo",
}
TARGET_WORDS = {
    "verify": "verification",
    "answer": "answer",
    "sign": "sign of life",
    "reporter": "reply of the reporter",
    "closing": "closing",
    "attend": "taking up an urgent case",
}
# What a device without a line said of the time, and what became of it; added to the line of the filing.
STATED_WORDS = {
    "kept": "filled in at {at}, while the kiosk had no network",
    "clock": "the kiosk's clock was wrong (it said {at}), so its time was put right",
    "future": "the kiosk said {at}, which lay ahead: what counts is the arrival",
    "old": "the kiosk said {at}, more than 7 days back: what counts is the arrival",
}
# One date among those that newer rules have moved.
MOVED = "{target}: was {was}, now {now}"
# What a rung did beside telling people, and in place of whom; each is added to the line of the rung.
RUNG_WORDS = {
    "stood_in": "{other} in place of {person}, who is absent",
    "stood_in_gone": "{other} in place of {person}, who has left",
    "gone": "{person} has left, so the next step up was told too",
    "absent": "{person} is absent, and nobody stands in who may see the case",
    "addresses": "also told: {addresses}",
    "raised": "priority raised from {was} to {now}",
    "unassigned": "taken from {person}",
    "note": "“{note}”",
}
# Why a filing was held; added to its line.
HELD_WORDS = {
    "contact": "held for a look, because very many name the same contact",
    "office": "held for a look, because very many came in at once",
}
PRIORITY_WORDS = {"low": "low", "normal": "normal", "high": "high", "urgent": "urgent"}
KIND_WORDS = {"complaint": "Complaint", "suggestion": "Suggestion", "information": "Information request"}
MARK_WORDS = {
    ("simple", True): "simple matter",
    ("simple", False): "not a simple matter",
    ("oversight", True): "with oversight content",
    ("oversight", False): "without oversight content",
}
CHANNEL_WORDS = {
    "web": "web",
    "whatsapp": "WhatsApp",
    "kiosk": "kiosk",
    "counter": "counter",
    "phone": "telephone",
    "letter": "letter",
    "social": "social media",
    "email": "e-mail",
}
