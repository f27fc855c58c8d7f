"""The spool: what it promises, and attempts to break it."""
