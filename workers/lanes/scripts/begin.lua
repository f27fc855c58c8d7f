-- A wake-up reached a drain.
-- KEYS[1]  the lane's stream
-- ARGV     lane, id of the wake-up, name of the process that drains
-- Reply: whether the lane is not to be drained now (1 or 0), whether suspects are to be taken first (1 or 0),
--        name of the probe that this drain is ('' for none): then it takes one entry.

local base = KEYS[1]
redis.call('ZREM', base .. ':woken', ARGV[2])
local breaker = base .. ':breaker'
if is_held(base) then
  local probe = redis.call('HMGET', breaker, 'probe', 'wakeup')
  -- The same wake-up again: its drain did not get the answer to the first time.
  if probe[1] and probe[2] == ARGV[2] and ARGV[2] ~= '' then return {0, 0, probe[1]} end
  return {1, 0, ''}
end

local alone = redis.call('XLEN', base .. ':suspects') > 0
local since = redis.call('HGET', breaker, 'since')
if not since then return {0, alone and 1 or 0, ''} end

-- The breaker is open, and its hold is over. The first to come is the probe; it keeps the others away, though no longer
-- than it may hold its entry.
if waiting(base) + waiting(base .. ':suspects') <= 0 then return {1, 0, ''} end
local tries = redis.call('HINCRBY', breaker, 'tries', 1)
local probe = since .. '-' .. tries
redis.call('HSET', breaker, 'probe', probe, 'prober', ARGV[3], 'wakeup', ARGV[2])
hold_for(base, redis.call('HGET', base .. ':spec', 'lease') or 60000)
-- Every other one goes on with the entry that the last one left there.
return {0, alone and tries % 2 == 0 and 1 or 0, probe}
