-- Keeps a lane from being drained for a while, even in a full Redis.
-- KEYS[1]  the lane's stream
-- ARGV     milliseconds, id of the circuit breaker's probe that ends with this ('' for none)

local hold, breaker = KEYS[1] .. ':hold', KEYS[1] .. ':breaker'
local open = redis.call('HMGET', breaker, 'since', 'probe')
if open[1] then
  if open[2] and open[2] == ARGV[2] then
    redis.call('HDEL', breaker, 'probe', 'prober')
  elseif redis.call('PTTL', hold) > tonumber(ARGV[1]) then
    return -- the circuit breaker holds the lane for longer
  end
end
redis.call('DEL', hold)
hold_for(KEYS[1], ARGV[1])
