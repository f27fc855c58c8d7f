-- One breaker, shared by all processes. Three calls, told apart by ARGV[1].
-- KEYS[1]  hash: until, when the breaker lets a probe through (ms since 1970; absent: closed); waits, openings in a row
-- KEYS[2]  list: outcomes of the latest lookups, oldest first: 1 failed, 0 did not
-- KEYS[3]  list: times of failures (ms), oldest first; the budget counts those of the last hour
-- KEYS[4]  list: a lookup under way each, as the time its place is given back at the latest (ms), oldest first
-- ARGV     policy: failures, of (lookups), per hour (0: no budget), first wait (ms), longest wait (ms), lease (ms),
--          then the call:
--            allow n                            how many of n lookups may be made now; they count as under way
--            record successes failures unused   how lookups that were allowed ended
--            look                               changes nothing
-- Reply: lookups allowed (allow; else 0), milliseconds since 1970 until which none is (0: they are now).

local HOUR = 3600000
local state, latest, failed, under_way = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local trip, of, per_hour, first_wait, longest, lease = unpack(ARGV, 1, 6)
trip, of, per_hour = tonumber(trip), tonumber(of), tonumber(per_hour)
first_wait, longest, lease = tonumber(first_wait), tonumber(longest), tonumber(lease)
local call, a, b, c = ARGV[7], tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function push(key, value, times, most, expiry)
  for _ = 1, times do redis.call('RPUSH', key, value) end
  redis.call('LTRIM', key, -most, -1)
  redis.call('PEXPIRE', key, expiry)
end

local function failures_this_hour()
  local times = redis.call('LRANGE', failed, -per_hour, -1)
  local count = 0
  for _, at in ipairs(times) do
    if tonumber(at) > now - HOUR then count = count + 1 end
  end
  return count, times[1]
end

local function places_taken()
  local oldest = redis.call('LINDEX', under_way, 0)
  while oldest and tonumber(oldest) <= now do
    redis.call('LPOP', under_way)
    oldest = redis.call('LINDEX', under_way, 0)
  end
  return redis.call('LLEN', under_way)
end

-- Until when nothing is allowed: the breaker's own wait, or the end of the hour in which the budget was spent.
local function closed_until(until_)
  if until_ > now then return until_ end
  if per_hour == 0 then return 0 end
  local count, oldest = failures_this_hour()
  return count >= per_hour and oldest + HOUR or 0
end

-- How many lookups may begin: one probe when half open; else so many that, if all of them and all that are under way
-- failed, the budget would not be overspent.
local function room(until_)
  local taken = places_taken()
  local most = math.huge
  if per_hour > 0 then most = per_hour - failures_this_hour() end
  if until_ > 0 then most = math.min(most, 1) end
  return most - taken
end

local function open()
  local waits = redis.call('HINCRBY', state, 'waits', 1)
  local wait = math.min(first_wait * 2 ^ (waits - 1), longest)
  redis.call('HSET', state, 'until', now + wait)
  redis.call('PEXPIRE', state, wait + HOUR)
  redis.call('DEL', latest)
end

local function trips()
  local count = 0
  for _, outcome in ipairs(redis.call('LRANGE', latest, 0, -1)) do count = count + tonumber(outcome) end
  return count >= trip
end

local function settle(until_, successes, failures)
  if until_ > now then return end -- open: what was under way when it opened changes nothing
  if until_ > 0 then -- half open: this is the probe
    if failures > 0 then open() elseif successes > 0 then redis.call('DEL', state) end
    return
  end
  -- A large batch counts as `of` lookups of the same mixture.
  local share = math.min(1, of / (successes + failures))
  push(latest, 0, math.ceil(successes * share), of, HOUR)
  push(latest, 1, math.floor(failures * share), of, HOUR)
  if trips() then open() end
end

local until_ = tonumber(redis.call('HGET', state, 'until') or 0)

if call == 'allow' then
  local wait = closed_until(until_)
  local allowed = wait > 0 and 0 or math.max(0, math.min(a, room(until_)))
  push(under_way, now + lease, allowed, 1000000, lease)
  return {allowed, wait}
elseif call == 'record' then
  -- The newest places are given back, so that those of a process that died stay oldest and run out.
  if a + b + c > 0 then redis.call('RPOP', under_way, a + b + c) end
  push(failed, now, b, math.max(per_hour, 1), HOUR)
  if a + b > 0 then settle(until_, a, b) end
  until_ = tonumber(redis.call('HGET', state, 'until') or 0)
end
return {0, closed_until(until_)}
