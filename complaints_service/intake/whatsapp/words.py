"""What short messages mean. A message counts as one of these only when it is nothing else."""

from __future__ import annotations

import re
from enum import StrEnum

from complaints_service.tickets.numbers import as_printed

LONGEST_WORD = 60


class Word(StrEnum):
    """Something a person can ask of the machine at any time; also the ids of choices."""

    SEND = "send"
    YES = "yes"
    EDIT = "edit"
    CANCEL = "cancel"
    NEW = "new"
    MENU = "menu"
    STATUS = "status"
    OFFICER = "officer"
    STOP = "stop"
    GREETING = "greeting"
    THANKS = "thanks"
    SETTLED = "settled"
    ENGLISH = "english"
    INDONESIAN = "indonesian"


_SPELLINGS: dict[Word, str] = {
    Word.SEND: "kirim, kirimkan, ya kirim, kirim sekarang, send, submit",
    Word.YES: "ya, iya, yes",
    Word.EDIT: "ubah, ganti, tulis ulang, edit, change",
    Word.CANCEL: "batal, batalkan, cancel",
    Word.NEW: "baru, pengaduan baru, new",
    Word.MENU: "menu, bantuan, help, ?",
    Word.STATUS: "status, cek status",
    Word.OFFICER: "petugas, bicara petugas, bicara dengan petugas, officer, agent",
    Word.STOP: "stop, berhenti, unsubscribe",
    Word.GREETING: "halo, hallo, hello, hai, hi, hey, p, ping, tes, test, permisi, pagi, siang, sore, malam, selamat pagi,"
    " selamat siang, selamat sore, selamat malam, assalamualaikum, assalamu alaikum, assalamualaikum wr wb",
    Word.THANKS: "terima kasih, terimakasih, makasih, trims, tks, thanks, thank you, terima kasih banyak, terima kasih pak,"
    " terima kasih bu, ok, oke, baik, baik terima kasih, ok terima kasih, siap",
    Word.SETTLED: "selesai, sudah selesai, sudah beres, beres, settled, done",
    Word.ENGLISH: "english, inggris, bahasa inggris",
    Word.INDONESIAN: "indonesia, bahasa indonesia, bahasa",
}
_MEANINGS = {spelling.strip(): word for word, all_ in _SPELLINGS.items() for spelling in all_.split(",")}
_STATUS_OF = re.compile(r"(?:cek )?status ([a-z]{1,6})[- ]?(\d{4})[- ]?(\d{1,12})")


def meaning(text: str) -> Word | None:
    """The word that the whole message is, whatever its case and punctuation; None for anything longer."""
    if len(text) > LONGEST_WORD:
        return None
    plain = " ".join(re.sub(r"[^\w\s]", " ", text.casefold()).split())
    return _MEANINGS.get(plain or text.strip())


def asked_number(text: str) -> str | None:
    """The ticket number in "status LT-2026-000417", as it is written on tickets; None when it is not such a message."""
    if len(text) > LONGEST_WORD:
        return None
    found = _STATUS_OF.fullmatch(" ".join(text.casefold().split()).rstrip(".?!"))
    return as_printed("".join(found.groups()), "") if found else None
