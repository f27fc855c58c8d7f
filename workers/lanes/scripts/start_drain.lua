-- Starts a drain: a wake-up reached a worker.
-- KEYS[1]  the lane's stream
-- ARGV     lane, id of the wake-up ('' for none), name of the draining process
-- Reply: whether the lane must not be drained now (1 or 0), whether suspects must be taken first (1 or 0),
--        id of the circuit breaker's probe that this drain is ('' for none); a probe takes one entry.

local base = KEYS[1]
redis.call('ZREM', base .. ':woken', ARGV[2])
local breaker = base .. ':breaker'
if is_held(base) then
  local probe = redis.call('HMGET', breaker, 'probe', 'wakeup')
  -- The same wake-up again: its drain did not receive the first reply.
  if probe[1] and probe[2] == ARGV[2] and ARGV[2] ~= '' then return {0, 0, probe[1]} end
  return {1, 0, ''}
end

local alone = redis.call('XLEN', base .. ':suspects') > 0
local since = redis.call('HGET', breaker, 'since')
if not since then return {0, alone and 1 or 0, ''} end

-- The circuit breaker is open, and its hold is over. The first drain becomes the probe, and holds the lane against the
-- others for at most the lease of its entry.
if waiting(base) + waiting(base .. ':suspects') <= 0 then return {1, 0, ''} end
local tries = redis.call('HINCRBY', breaker, 'tries', 1)
local probe = since .. '-' .. tries
redis.call('HSET', breaker, 'probe', probe, 'prober', ARGV[3], 'wakeup', ARGV[2])
hold_for(base, redis.call('HGET', base .. ':spec', 'lease') or 60000)
-- Every second probe continues with the entry that the one before left among the suspects.
return {0, alone and tries % 2 == 0 and 1 or 0, probe}
