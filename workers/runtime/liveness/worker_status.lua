-- A worker says how it is, and may send itself a pulse.
-- KEYS[1]  sluice:workers, a sorted set: workers' names by the time they last said something (ms since 1970)
-- KEYS[2]  sluice:workers:said, a hash: what they said, by name (JSON)
-- KEYS[3]  the Celery queue of its pulses
-- ARGV     its name, what it says ('' for nothing more: it ends), how long a silent worker is remembered (ms),
--          a pulse or '', how long that may wait (ms)

local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)

-- One pulse at a time, however long nobody takes it. (And a full Redis refuses a first write that frees nothing.)
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
