"""`sluice doctor`: check what the promises rest on, piece by piece.

facts    what is known about Redis, the database, the media API, the disk and the workers
probe    gathers the facts, each piece within three seconds
checks   judges the facts and says what to do: pure (redis_checks: those of Redis)
"""
