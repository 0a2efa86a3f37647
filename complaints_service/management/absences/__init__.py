"""Absences with their stand-ins, and who is on duty (issue 4)."""
