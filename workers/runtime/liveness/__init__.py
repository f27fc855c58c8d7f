"""Whether workers still take messages: each watches its own consumer, says so in Redis, and ends when that is deaf."""
