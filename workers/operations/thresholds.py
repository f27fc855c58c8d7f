"""The thresholds at which something counts as wrong: one table for `sluice doctor`, the console and the alerts.

`deploy/prometheus/alerts.yml` and the dashboard repeat some of them; a test checks that they agree.
"""

from typing import Final

#: Share of Redis's maxmemory in use. At the warning someone should look by day, at the critical level now.
REDIS_MEMORY_WARNING: Final = 0.8
REDIS_MEMORY_CRITICAL: Final = 0.9

#: Age in seconds of the oldest unhandled event of a lane, and of the oldest webhook in a spool.
EVENT_LATE_SECONDS: Final = 60
EVENT_STUCK_SECONDS: Final = 900

#: Seconds for which a retry has been due. Maintenance moves due retries every second.
RETRY_OVERDUE_SECONDS: Final = 30
#: Scheduled retries of one lane. Fewer are normal.
MANY_RETRIES: Final = 20

#: Dead letters of one lane within 15 minutes.
DEAD_LETTER_FLOOD: Final = 100

#: Share of SLUICE_SPOOL_BYTES in use.
SPOOL_FILLING: Final = 0.5

#: Age in seconds of the console's snapshot.
SNAPSHOT_STALE_SECONDS: Final = 30

#: Response times: of one command to Redis, one query to the event store, and the push of a group of webhooks.
REDIS_SLOW_MS: Final = 50.0
DATABASE_SLOW_MS: Final = 100.0
PUSH_SLOW_SECONDS: Final = 1

#: Difference in seconds between Redis's clock and this machine's.
MAX_CLOCK_SKEW_SECONDS: Final = 2.0
