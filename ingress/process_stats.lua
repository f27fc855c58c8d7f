-- Publishes the report of one ingress process. The increments of each report are added to the totals exactly once,
-- however often the report is repeated.
-- KEYS[1]  sluice:ingress:<process>, a hash: the process's last report
-- KEYS[2]  sluice:ingress:<process>:told, the number of the last report whose increments were added
-- KEYS[3]  sluice:ingresses, a sorted set: processes by the time of their last report (ms since 1970)
-- KEYS[4]  sluice:answers, a hash: responses by HTTP status, of all processes that ever ran
-- KEYS[5]  sluice:ingress, a hash: their other counters
-- ARGV     process, ms after which it counts as gone, s for which the number of its last report is kept, the report's
--          number, n, then n pairs of a field and a value (the report), then pairs of a field and its increment

local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local process, gone, number = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[4])
local said = 5 + 2 * ARGV[5]

redis.call('DEL', KEYS[1]) -- a full Redis refuses a first write that frees nothing, and then lets the others through
redis.call('HSET', KEYS[1], 'at_ms', now, unpack(ARGV, 6, said))
redis.call('PEXPIRE', KEYS[1], gone)
redis.call('ZADD', KEYS[3], now, process)
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now - gone)

if #ARGV > said and number > tonumber(redis.call('GET', KEYS[2]) or 0) then
  redis.call('SET', KEYS[2], number, 'EX', ARGV[3])
  for i = said + 1, #ARGV, 2 do
    local status = string.match(ARGV[i], '^answers:(%d+)$')
    redis.call('HINCRBY', status and KEYS[4] or KEYS[5], status or ARGV[i], ARGV[i + 1])
  end
end
