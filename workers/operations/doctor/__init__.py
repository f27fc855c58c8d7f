"""`sluice doctor`: what the promises rest on, looked at piece by piece.

facts    what is seen of Redis, the database, the media API, the disk, the workers
gather   seeing it, each piece within three seconds
checks   what it means and what to do: pure
"""
