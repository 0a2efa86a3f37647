"""How often Python looks for garbage that holds itself in a circle."""

from __future__ import annotations

import gc

# New objects before a look at the young ones (Python's own default is 700): a batch of 250 tickets makes some 100,000 that all
# live until it is written, and each look would find nothing.
YOUNG = 50_000


def look_seldom() -> None:
    """For processes that work in bursts: what is there now is kept out of every look, and looks are rare."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 20)
