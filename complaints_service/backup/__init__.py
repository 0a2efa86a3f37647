"""Backup into one archive, restore from it, recovery to a point in time, and the hold on sending that follows both."""
