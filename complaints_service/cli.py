"""The `complaints` command: starts the service, its parts, and the tasks of whoever runs it."""

from __future__ import annotations

import sys

from complaints_service.settings import Settings, SettingsError


def main() -> int:
    """Entry point of the console script; the exit code is 0 done, 1 failed, 2 wrong call or settings."""
    try:
        Settings.from_env()
    except SettingsError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        return 2
    return 0
