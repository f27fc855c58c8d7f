-- Precedes every script of the lanes. A lane named L has these keys:
--   sluice:lane:L            stream: entries that wait or are being handled (group "workers")
--   sluice:lane:L:suspects   stream: entries that are taken one at a time, usually because their holder died (same group)
--   sluice:lane:L:retry      sorted set: entries that wait for their next attempt, by milliseconds since 1970
--   sluice:lane:L:dead       stream: dead letters
--   sluice:lane:L:woken      sorted set: ids of wake-ups that were sent and not yet received, by time sent (ms)
--   sluice:lane:L:hold       how long the lane is suspended (ms); it expires then
--   sluice:lane:L:paused     exists while a person has paused the lane
--   sluice:lane:L:breaker    hash: the state of the lane's circuit breaker (see breaker.lua)
--   sluice:lane:L:spec       hash: queue, grain, cap, wakeup, lease; written by the workers that serve the lane
--   sluice:lane:L:counts     hash: counters; exact, since they are written where the work is done. Of entries: entered,
--                            done, retry, dead, back, orphaned (taken over); of events found in them: added,
--                            duplicates; of dead letters: replayed, discarded, restored; opened (of the breaker)
--   sluice:lane:L:times      hash: two histograms of durations (workers/lanes/timings.py)
-- Fields of an entry: d data, a attempts, x deaths of processes that held it since its last attempt, e last error,
-- s name of the series of failures that it was counted in.
-- A full Redis (OOM) refuses a script's first write unless that frees memory. So the scripts that free memory begin with
-- such a write, and are then allowed to continue.

local PREFIX = 'sluice:lane:'
local GROUP = 'workers'

local function clock()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

-- Returns the number of entries of a stream that are not held by a worker.
local function waiting(stream)
  local length = redis.call('XLEN', stream)
  if length == 0 then return 0 end
  local groups = redis.call('XINFO', 'GROUPS', stream)
  local held = groups[1] and groups[1][6] or 0
  return length - held
end

-- Suspends the lane for `ms` milliseconds.
local function hold_for(base, ms)
  redis.call('SET', base .. ':hold', ms, 'PX', ms)
end

-- Returns whether the lane must not be drained now. A hold with more time left than its length was made while the clock
-- was ahead (Redis stores when it ends, not its length), and is removed.
local function is_held(base)
  if redis.call('EXISTS', base .. ':paused') > 0 then return true end
  local left = redis.call('PTTL', base .. ':hold')
  if left > (tonumber(redis.call('GET', base .. ':hold')) or left) then
    redis.call('DEL', base .. ':hold')
    return false
  end
  return left ~= -2
end

-- Sends the wake-ups that the lane's backlog needs in addition to those in flight. A wake-up that no worker has received
-- counts as lost after 1 s if its queue is empty (it is not in there), else after 30 s.
local function wake(lane, now)
  local base = PREFIX .. lane
  local backlog = waiting(base) + waiting(base .. ':suspects')
  if backlog <= 0 or is_held(base) then return 0 end
  local spec = redis.call('HMGET', base .. ':spec', 'queue', 'grain', 'cap', 'wakeup')
  if not spec[1] then return 0 end
  local queue, woken = 'sluice:queue:' .. spec[1], base .. ':woken'
  local patience = redis.call('LLEN', queue) == 0 and 1000 or 30000
  redis.call('ZREMRANGEBYSCORE', woken, '-inf', now - patience)
  redis.call('ZREMRANGEBYSCORE', woken, '(' .. now, '+inf') -- sent before the clock was set back
  local wanted = math.min(tonumber(spec[3]), math.ceil(backlog / tonumber(spec[2])))
  local missing = wanted - redis.call('ZCARD', woken)
  -- While its breaker is open the lane needs one drain, which takes a single entry as a probe.
  if missing > 0 and wanted > 1 and redis.call('HEXISTS', base .. ':breaker', 'since') == 1 then
    missing = missing == wanted and 1 or 0
  end
  for _ = 1, missing do
    local id = lane .. '-' .. redis.call('INCR', 'sluice:wakeups')
    redis.call('LPUSH', queue, (string.gsub(spec[4], 'SLUICE%-WAKEUP%-ID', id)))
    redis.call('ZADD', woken, now, id)
  end
  return math.max(missing, 0)
end

-- Adds an entry. Fields that are usually zero are left out to save memory.
local function add(stream, data, attempts, deaths, err, streak)
  local fields = {'d', data}
  if attempts and attempts ~= '0' then fields[#fields + 1] = 'a'; fields[#fields + 1] = attempts end
  if deaths and deaths ~= '0' then fields[#fields + 1] = 'x'; fields[#fields + 1] = deaths end
  if err and err ~= '' then fields[#fields + 1] = 'e'; fields[#fields + 1] = err end
  if streak then fields[#fields + 1] = 's'; fields[#fields + 1] = streak end
  return redis.call('XADD', stream, '*', unpack(fields))
end

-- Returns the fields of an entry by name.
local function named(fields)
  local entry = {}
  for i = 1, #fields, 2 do entry[fields[i]] = fields[i + 1] end
  return entry
end

-- Adds a dead letter.
local function bury(base, entry, attempts, why, err, trace, now)
  redis.call('XADD', base .. ':dead', '*', 'd', entry.d or '', 'a', attempts, 'x', entry.x or '0',
    'why', why, 'e', err, 't', trace, 'at', now)
end
