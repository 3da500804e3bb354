"""The current month in UTC, by which unscoped calls go."""

import time
from datetime import datetime, timedelta, timezone


def this_month():
    return datetime.now(timezone.utc).strftime("%Y-%m")


def last_month():
    first = datetime.now(timezone.utc).replace(day=1)
    return (first - timedelta(days=1)).strftime("%Y-%m")


def month_bounds():
    """The first instant of the current month and of the next."""
    first = datetime.now(timezone.utc).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    following = (first + timedelta(days=32)).replace(day=1)
    return first.strftime("%Y-%m-%dT%H:%M:%SZ"), following.strftime("%Y-%m-%dT%H:%M:%SZ")


def avoid_month_end(seconds):
    """Waits for the new month where the current one ends within so many seconds: the calls
    are about the current month and must all mean the same."""
    now = datetime.now(timezone.utc)
    end = datetime.fromisoformat(month_bounds()[1][:-1] + "+00:00")
    left = (end - now).total_seconds()
    if left < seconds:
        time.sleep(left + 1)
