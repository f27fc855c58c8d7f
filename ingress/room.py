"""How many connections a process takes: each costs memory, and a file descriptor that Redis or the spool may need."""

import functools
import resource

#: More than any proxy or provider opens. What each may make the process hold is bounded in bounded.py and body.py.
MOST_CONNECTIONS = 4096
#: File descriptors for everything else: Redis, the spool, the log, listening sockets.
_OTHERS = 128


@functools.cache
def most_connections() -> int:
    """That many, or as many as the process' limit of open files leaves room for, which is raised as far as may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS + _OTHERS
    if resource.RLIM_INFINITY != soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return MOST_CONNECTIONS if soft == resource.RLIM_INFINITY else max(1, min(MOST_CONNECTIONS, soft - _OTHERS))
