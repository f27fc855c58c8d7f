-- What time does to a lane: retries that are due go back into it, entries whose lease ran out or whose holder is dead
-- become suspects, and a lane with work but no wake-up is woken. Bounded work a call; what is left waits for the next.
-- KEYS[1]  the lane's stream
-- ARGV     lane, due retries to move at most, entries to look at for their lease at most, deaths that make poison,
--          then names of dead processes
-- Reply: retries moved, suspects made, dead letters made, wake-ups sent, entries still held by dead processes (or more).

local lane, limit, look, poison = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local base, now = KEYS[1], clock()
local suspects, spec = base .. ':suspects', base .. ':spec'
local moved, suspected, dead = 0, 0, 0

for _, held in ipairs(redis.call('ZRANGEBYSCORE', base .. ':retry', '-inf', now, 'LIMIT', 0, limit)) do
  redis.call('ZREM', base .. ':retry', held)
  local cut = string.find(held, '\n', 1, true)
  local head = cjson.decode(string.sub(held, 1, cut - 1))
  add(base, string.sub(held, cut + 1), tostring(head.a), tostring(head.x), head.e, head.s)
  moved = moved + 1
end

-- A push makes the stream, but not the group: after Redis lost its data workers make the lane known again.
local function has_group(stream)
  return redis.call('EXISTS', stream) == 1 and #redis.call('XINFO', 'GROUPS', stream) > 0
end

local function suspect(stream, id, entry)
  local deaths = (entry.x or 0) + 1
  redis.call('XACK', stream, GROUP, id)
  redis.call('XDEL', stream, id)
  if deaths >= poison then
    entry.x = tostring(deaths)
    bury(base, entry, (entry.a or 0) + 1, 'poison', deaths .. ' times it was taken and not settled: ' ..
      'the process that ran it died, or it ran past its lease', '', now)
    dead = dead + 1
  else
    add(suspects, entry.d, entry.a, tostring(deaths), entry.e, entry.s)
    suspected = suspected + 1
  end
end

-- The pending list is read from where the last call stopped, so that a long one is walked in turns.
local function expire(stream, cursor)
  local lease = redis.call('HGET', spec, 'lease')
  if not lease or not has_group(stream) then return end
  local from = redis.call('HGET', spec, cursor) or '0-0'
  local found = redis.call('XAUTOCLAIM', stream, GROUP, 'tick', lease, from, 'COUNT', look)
  redis.call('HSET', spec, cursor, found[1])
  for _, item in ipairs(found[2]) do
    suspect(stream, item[1], named(item[2]))
  end
end

-- Takes what a dead process held, as much as one call may; replies how much was looked at.
local function take_over(stream, holder)
  if not has_group(stream) then return 0 end
  local held = redis.call('XPENDING', stream, GROUP, '-', '+', look, holder)
  for _, item in ipairs(held) do
    local found = redis.call('XRANGE', stream, item[1], item[1])
    if found[1] then suspect(stream, item[1], named(found[1][2])) else redis.call('XACK', stream, GROUP, item[1]) end
  end
  if #held == 0 then redis.call('XGROUP', 'DELCONSUMER', stream, GROUP, holder) end
  return #held
end

-- A probe of the lane's breaker ends with its process: the next one need not wait until the lease is over.
local function release(holder)
  if redis.call('HGET', base .. ':breaker', 'prober') == holder then
    redis.call('HDEL', base .. ':breaker', 'probe', 'prober')
    redis.call('DEL', base .. ':hold')
  end
end

local left = 0
for i = 5, #ARGV do
  left = left + take_over(suspects, ARGV[i]) + take_over(base, ARGV[i])
  release(ARGV[i])
end

expire(base, 'cursor')
expire(suspects, 'cursor:suspects')

-- Once a minute: forget processes that are gone and hold nothing.
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
return {moved, suspected, dead, wake(lane, now), left}
