-- Publishes a worker's status, and puts a self-ping into the worker's own queue or removes it.
-- KEYS[1]  sluice:workers, a sorted set: workers by the time of their last report (ms since 1970)
-- KEYS[2]  sluice:workers:said, a hash: the last reports by worker (JSON)
-- KEYS[3]  the Celery queue of the worker's self-pings
-- ARGV     the worker's name, its report ('' to remove the worker), how long a silent worker is listed (ms),
--          a self-ping or '', its time to live (ms)

local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)

-- One self-ping at a time, however long it waits. (DEL comes first: a full Redis refuses a script that begins with a
-- write that frees nothing.)
redis.call('DEL', KEYS[3])
if ARGV[4] ~= '' then
  redis.call('LPUSH', KEYS[3], ARGV[4])
  redis.call('PEXPIRE', KEYS[3], ARGV[5])
end

if ARGV[2] == '' then
  redis.call('ZREM', KEYS[1], ARGV[1])
  redis.call('HDEL', KEYS[2], ARGV[1])
else
  redis.call('ZADD', KEYS[1], now, ARGV[1])
  redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
end
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[3], 'LIMIT', 0, 20)) do
  redis.call('ZREM', KEYS[1], gone)
  redis.call('HDEL', KEYS[2], gone)
end
