-- Maintains a lane: moves due retries back into it, turns entries whose lease expired or whose holder is dead into
-- suspects, and sends the wake-ups that are missing. Each call does a bounded amount; the rest waits for the next one.
-- KEYS[1]  the lane's stream
-- ARGV     lane, number of due retries to move at most, number of held entries to examine at most, deaths after which
--          an entry is a dead letter, then names of dead processes
-- Reply: number of retries moved, of suspects made, of dead letters made, of wake-ups sent, and of entries found that
--        dead processes held (not 0: there may be more).

local lane, max_retries, max_examined, max_deaths = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local base, now = KEYS[1], clock()
local suspects, spec = base .. ':suspects', base .. ':spec'
local moved, suspected, dead = 0, 0, 0

for _, held in ipairs(redis.call('ZRANGEBYSCORE', base .. ':retry', '-inf', now, 'LIMIT', 0, max_retries)) do
  redis.call('ZREM', base .. ':retry', held)
  local cut = string.find(held, '\n', 1, true)
  local head = cjson.decode(string.sub(held, 1, cut - 1))
  add(base, string.sub(held, cut + 1), tostring(head.a), tostring(head.x), head.e, head.s)
  moved = moved + 1
end

-- A push creates the stream but not its group; after Redis has lost its data the workers register the lane again.
local function has_group(stream)
  return redis.call('EXISTS', stream) == 1 and #redis.call('XINFO', 'GROUPS', stream) > 0
end

local function make_suspect(stream, id, entry)
  local deaths = (entry.x or 0) + 1
  redis.call('XACK', stream, GROUP, id)
  redis.call('XDEL', stream, id)
  if deaths >= max_deaths then
    entry.x = tostring(deaths)
    dead_letter(base, entry, (entry.a or 0) + 1, 'poison', 'taken ' .. deaths .. ' times and never settled: ' ..
      'its process died, or it ran past its lease', '', now)
    dead = dead + 1
  else
    add(suspects, entry.d, entry.a, tostring(deaths), entry.e, entry.s)
    suspected = suspected + 1
  end
end

-- Makes suspects of entries whose lease expired. Continues where the last call stopped in the list of held entries.
local function expire_leases(stream, cursor)
  local lease = redis.call('HGET', spec, 'lease')
  if not lease or not has_group(stream) then return end
  local from = redis.call('HGET', spec, cursor) or '0-0'
  local found = redis.call('XAUTOCLAIM', stream, GROUP, 'tick', lease, from, 'COUNT', max_examined)
  redis.call('HSET', spec, cursor, found[1])
  for _, item in ipairs(found[2]) do
    make_suspect(stream, item[1], named(item[2]))
  end
end

-- Makes suspects of entries that a dead process holds, as many as one call may; returns how many it found.
local function take_over(stream, holder)
  if not has_group(stream) then return 0 end
  local held = redis.call('XPENDING', stream, GROUP, '-', '+', max_examined, holder)
  for _, item in ipairs(held) do
    local found = redis.call('XRANGE', stream, item[1], item[1])
    if found[1] then
      make_suspect(stream, item[1], named(found[1][2]))
    else
      redis.call('XACK', stream, GROUP, item[1])
    end
  end
  if #held == 0 then redis.call('XGROUP', 'DELCONSUMER', stream, GROUP, holder) end
  return #held
end

-- Ends the circuit breaker's probe of a dead process: the next one need not wait for the end of the lease.
local function end_probe_of(holder)
  if redis.call('HGET', base .. ':breaker', 'prober') == holder then
    redis.call('HDEL', base .. ':breaker', 'probe', 'prober')
    redis.call('DEL', base .. ':hold')
  end
end

local found = 0
for i = 5, #ARGV do
  found = found + take_over(suspects, ARGV[i]) + take_over(base, ARGV[i])
  end_probe_of(ARGV[i])
end

expire_leases(base, 'cursor')
expire_leases(suspects, 'cursor:suspects')

-- Once a minute: remove consumers that hold nothing and have been idle for ten minutes.
if math.floor(now / 1000) % 60 == 0 then
  for _, stream in ipairs({base, suspects}) do
    if has_group(stream) then
      for _, c in ipairs(redis.call('XINFO', 'CONSUMERS', stream, GROUP)) do
        if c[4] == 0 and c[6] > 600000 then redis.call('XGROUP', 'DELCONSUMER', stream, GROUP, c[2]) end
      end
    end
  end
end

if dead > 0 then redis.call('HINCRBY', base .. ':counts', 'dead', dead) end
if suspected + dead > 0 then redis.call('HINCRBY', base .. ':counts', 'orphaned', suspected + dead) end
return {moved, suspected, dead, wake(lane, now), found}
