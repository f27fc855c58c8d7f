-- Sees to it that a lane is not drained for a while, even in a full Redis.
-- KEYS[1]  the lane's stream
-- ARGV[1]  milliseconds

redis.call('DEL', KEYS[1] .. ':hold')
redis.call('SET', KEYS[1] .. ':hold', '', 'PX', ARGV[1])
