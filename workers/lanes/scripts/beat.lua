-- Processes that take entries say that they live, and ask who does no more.
-- KEYS[1]  sluice:alive, a sorted set: names of processes by the time of their last beat (ms since 1970)
-- KEYS[2]  sluice:beaten, when anybody beat last (ms)
-- KEYS[3]  sluice:grace, until when nobody is taken for dead (ms)
-- ARGV     silence that means death (ms), then names of processes that live
-- Reply: names of dead processes, a few at a time.

local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local silence = tonumber(ARGV[1])

-- If nobody at all could beat for a while, it was Redis that was away, not they: all get the time to beat again.
local last = tonumber(redis.call('GET', KEYS[2]) or 0)
redis.call('DEL', KEYS[2]) -- a full Redis refuses a first write that frees nothing (see common.lua)
if now - last > silence / 2 then redis.call('SET', KEYS[3], now + silence) end
redis.call('SET', KEYS[2], now)

for i = 2, #ARGV do redis.call('ZADD', KEYS[1], now, ARGV[i]) end
-- The clock was set back: what was written before lies in the future, and counts from now on.
for _, name in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now, '+inf')) do redis.call('ZADD', KEYS[1], now, name) end
local grace = tonumber(redis.call('GET', KEYS[3]) or 0)
if now < grace and grace <= now + silence then return {} end
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - silence, 'LIMIT', 0, 20)
