"""Kiosks as a door: devices with tokens, and the queue of complaints they send when the line is back."""
