"""Does a citizen's text hold a word of a routing rule? Whole words, Indonesian affixes taken off both."""

from __future__ import annotations

import functools
import re

_WORD = re.compile(r"[^\W_]+")
_SUFFIXES = ("nya", "lah", "kah", "pun", "kan", "an", "ku", "mu", "i")
# Prefix and what it may have swallowed: mengirim -> kirim, menyuap -> suap, memungut -> pungut.
_PREFIXES = (
    ("meny", ("s",)),
    ("peny", ("s",)),
    ("meng", ("", "k")),
    ("peng", ("", "k")),
    ("mem", ("", "p")),
    ("pem", ("", "p")),
    ("men", ("", "t")),
    ("pen", ("", "t")),
    ("ber", ("",)),
    ("ter", ("",)),
    ("per", ("",)),
    ("me", ("",)),
    ("di", ("",)),
    ("ke", ("",)),
    ("se", ("",)),
)
_SHORTEST_STEM = 4
_AFFIXES_AT_MOST = 4


def words_of(text: str) -> list[str]:
    """The words of a text in their order, without case and punctuation."""
    return _WORD.findall(text.casefold())


@functools.lru_cache(maxsize=4096)
def stems(word: str) -> frozenset[str]:
    """The word and what is left of it without prefixes and suffixes, never shorter than four letters.

    Two words that share one of these count as the same: ``keterlambatan`` and ``terlambat``.
    """
    found = {word}
    latest = {word}
    for _ in range(_AFFIXES_AT_MOST):
        latest = {shorter for held in latest for shorter in _without_one_affix(held)} - found
        found |= latest
    return frozenset(found)


class Text:
    """A citizen's text, taken apart once for all the phrases that are looked for in it."""

    __slots__ = ("_known", "_words")

    def __init__(self, text: str) -> None:
        self._words = words_of(text)
        self._known = frozenset[str]().union(*map(stems, self._words))

    def holds(self, phrase: str) -> bool:
        """Whether the words of ``phrase`` stand in the text one after the other; without a word they do not."""
        wanted = _phrase(phrase)
        if not wanted or any(stems(word).isdisjoint(self._known) for word in wanted):
            return False
        places = range(len(self._words) - len(wanted) + 1)
        return any(all(_same(self._words[at + i], word) for i, word in enumerate(wanted)) for at in places)


@functools.lru_cache(maxsize=1024)
def _phrase(phrase: str) -> tuple[str, ...]:
    return tuple(words_of(phrase))


def _same(one: str, other: str) -> bool:
    return one == other or not stems(one).isdisjoint(stems(other))


def _without_one_affix(word: str) -> set[str]:
    shorter = {word.removesuffix(suffix) for suffix in _SUFFIXES if word.endswith(suffix)}
    for prefix, swallowed in _PREFIXES:
        if word.startswith(prefix):
            shorter |= {first + word.removeprefix(prefix) for first in swallowed}
    return {stem for stem in shorter if len(stem) >= _SHORTEST_STEM}
