"""Complaint service of a public office: nothing is lost, silence is impossible, the office learns."""

from __future__ import annotations

__version__ = "0.1.0"
