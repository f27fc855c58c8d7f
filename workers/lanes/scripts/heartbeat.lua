-- Records the heartbeats of processes that hold entries, and returns the dead processes.
-- KEYS[1]  sluice:alive, a sorted set: names of processes by the time of their last heartbeat (ms since 1970)
-- KEYS[2]  sluice:beaten, the time of the last heartbeat of any process (ms)
-- KEYS[3]  sluice:grace, until when no process counts as dead (ms)
-- ARGV     time without a heartbeat after which a process counts as dead (ms), then names of living processes
-- Reply: names of dead processes, a few at a time.

local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local timeout = tonumber(ARGV[1])

-- If no process at all sent a heartbeat for a while, Redis was unavailable: all get time to send the next one.
local last = tonumber(redis.call('GET', KEYS[2]) or 0)
redis.call('DEL', KEYS[2]) -- a full Redis refuses a first write that frees nothing (see common.lua)
if now - last > timeout / 2 then redis.call('SET', KEYS[3], now + timeout) end
redis.call('SET', KEYS[2], now)

for i = 2, #ARGV do redis.call('ZADD', KEYS[1], now, ARGV[i]) end
-- Heartbeats in the future were recorded before the clock was set back; they count from now on.
for _, name in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now, '+inf')) do redis.call('ZADD', KEYS[1], now, name) end
local grace = tonumber(redis.call('GET', KEYS[3]) or 0)
if now < grace and grace <= now + timeout then return {} end
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - timeout, 'LIMIT', 0, 20)
