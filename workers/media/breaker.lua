-- One circuit breaker, shared by all processes. ARGV[7] chooses one of three calls.
-- KEYS[1]  hash: until, when the breaker allows a probe (ms since 1970; absent: closed); waits, openings in a row
-- KEYS[2]  list: outcomes of the latest lookups, oldest first: 1 failed, 0 succeeded
-- KEYS[3]  list: times of failures (ms), oldest first; the budget counts those of the last hour
-- KEYS[4]  list: an element per running lookup: when it counts as lost (ms), oldest first
-- ARGV     policy: failure threshold, window (lookups), per hour (0: no budget), first wait (ms), longest wait (ms),
--          lease (ms); then the call:
--            allow n                            how many of n lookups may be made now; they count as running
--            record successes failures unused   how allowed lookups ended
--            look                               changes nothing
-- Reply: lookups allowed (allow; else 0), milliseconds since 1970 until which none is allowed (0: they are now).

local HOUR = 3600000
local state, latest, failed, running = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local threshold, window, per_hour, first_wait, longest, lease = unpack(ARGV, 1, 6)
threshold, window, per_hour = tonumber(threshold), tonumber(window), tonumber(per_hour)
first_wait, longest, lease = tonumber(first_wait), tonumber(longest), tonumber(lease)
local call, a, b, c = ARGV[7], tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function push(key, value, times, max, expiry)
  for _ = 1, times do redis.call('RPUSH', key, value) end
  redis.call('LTRIM', key, -max, -1)
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

local function running_lookups()
  local oldest = redis.call('LINDEX', running, 0)
  while oldest and tonumber(oldest) <= now do
    redis.call('LPOP', running)
    oldest = redis.call('LINDEX', running, 0)
  end
  return redis.call('LLEN', running)
end

-- Until when no lookup is allowed: the breaker's own wait, or the end of the hour in which the budget was spent.
local function closed_until(until_)
  if until_ > now then return until_ end
  if per_hour == 0 then return 0 end
  local count, oldest = failures_this_hour()
  return count >= per_hour and oldest + HOUR or 0
end

-- How many lookups may begin: one probe when half open; else as many as the budget allows if all of them and all running
-- ones failed.
local function room(until_)
  local taken = running_lookups()
  local max = math.huge
  if per_hour > 0 then max = per_hour - failures_this_hour() end
  if until_ > 0 then max = math.min(max, 1) end
  return max - taken
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
  return count >= threshold
end

local function settle(until_, successes, failures)
  if until_ > now then return end -- open: lookups that were running when it opened change nothing
  if until_ > 0 then -- half open: this is the probe
    if failures > 0 then open() elseif successes > 0 then redis.call('DEL', state) end
    return
  end
  -- A large batch counts as `window` lookups of the same mixture.
  local share = math.min(1, window / (successes + failures))
  push(latest, 0, math.ceil(successes * share), window, HOUR)
  push(latest, 1, math.floor(failures * share), window, HOUR)
  if trips() then open() end
end

local until_ = tonumber(redis.call('HGET', state, 'until') or 0)

if call == 'allow' then
  local wait = closed_until(until_)
  local allowed = wait > 0 and 0 or math.max(0, math.min(a, room(until_)))
  push(running, now + lease, allowed, 1000000, lease)
  return {allowed, wait}
elseif call == 'record' then
  -- The newest elements are removed, so that those of a process that died become the oldest and expire.
  if a + b + c > 0 then redis.call('RPOP', running, a + b + c) end
  push(failed, now, b, math.max(per_hour, 1), HOUR)
  if a + b > 0 then settle(until_, a, b) end
  until_ = tonumber(redis.call('HGET', state, 'until') or 0)
end
return {0, closed_until(until_)}
