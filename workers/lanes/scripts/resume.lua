-- Ends a lane's pause and wakes its workers.
-- KEYS[1]  the lane's stream
-- ARGV     lane
-- Reply: 1 if it was paused, else 0.

local was_paused = redis.call('DEL', KEYS[1] .. ':paused')
wake(ARGV[1], clock())
return was_paused
