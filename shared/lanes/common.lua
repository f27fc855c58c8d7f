-- Prepended to every lane script. A lane named L consists of these keys:
--   sluice:lane:L            stream: entries that wait or are being handled (group "workers")
--   sluice:lane:L:suspects   stream: entries to take one at a time, usually because their holder died (same group)
--   sluice:lane:L:retry      sorted set: entries that wait for their next attempt, by its time (ms since 1970)
--   sluice:lane:L:dead       stream: dead letters
--   sluice:lane:L:woken      sorted set: ids of wake-ups sent and not yet received by a worker, by time sent (ms)
--   sluice:lane:L:hold       exists while the lane must not be drained; its value is its TTL when it was set (ms)
--   sluice:lane:L:paused     exists while a person has paused the lane; it does not expire
--   sluice:lane:L:breaker    hash: the circuit breaker: whether the handler fails for every event (see
--                            circuit_breaker.lua)
--   sluice:lane:L:spec       hash: queue, grain (entries per wake-up), cap (wake-ups at most), wakeup (the message),
--                            lease (ms); written by the workers that register the lane
--   sluice:lane:L:counts     hash: totals, exact because they are written where things happen. Of entries:
--                            entered, done, retry, dead, back, orphaned (taken over); of their follow-ups: added,
--                            duplicates; of dead letters: replayed, discarded, restored; of the circuit breaker:
--                            opened
--   sluice:lane:L:times      hash: two histograms (workers/lanes/timings.py)
-- Fields of an entry: d data, a attempts made, x deaths of processes that held it since its last attempt, e last error,
-- s id of the failure streak that counted it.
-- A full Redis refuses a script's first write (OOM) unless that write frees memory, and then allows the others. So the
-- scripts that make room again start with a write that frees memory.

local PREFIX = 'sluice:lane:'
local GROUP = 'workers'

local function clock()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

-- Returns the number of the stream's entries that no worker holds.
local function waiting(stream)
  local length = redis.call('XLEN', stream)
  if length == 0 then return 0 end
  local groups = redis.call('XINFO', 'GROUPS', stream)
  local held = groups[1] and groups[1][6] or 0
  return length - held
end

-- Keeps the lane from being drained for `ms` milliseconds.
local function hold_for(base, ms)
  redis.call('SET', base .. ':hold', ms, 'PX', ms)
end

-- Returns whether the lane must not be drained now. Redis stores when a key expires, not for how long it lives: a hold
-- with more time left than it was set for was set while the clock was ahead, and is removed.
local function is_held(base)
  if redis.call('EXISTS', base .. ':paused') > 0 then return true end
  local left = redis.call('PTTL', base .. ':hold')
  if left > (tonumber(redis.call('GET', base .. ':hold')) or left) then
    redis.call('DEL', base .. ':hold')
    return false
  end
  return left ~= -2
end

-- Sends the wake-ups that the lane's backlog needs beyond those in flight; returns how many. A wake-up that no worker
-- has received counts as lost after 1 s if its queue is empty, and otherwise after 30 s.
local function wake(lane, now)
  local base = PREFIX .. lane
  local backlog = waiting(base) + waiting(base .. ':suspects')
  if backlog <= 0 or is_held(base) then return 0 end
  local spec = redis.call('HMGET', base .. ':spec', 'queue', 'grain', 'cap', 'wakeup')
  if not spec[1] then return 0 end
  local queue, woken = 'sluice:queue:' .. spec[1], base .. ':woken'
  local timeout = redis.call('LLEN', queue) == 0 and 1000 or 30000
  redis.call('ZREMRANGEBYSCORE', woken, '-inf', now - timeout)
  redis.call('ZREMRANGEBYSCORE', woken, '(' .. now, '+inf') -- sent before the clock was set back
  local needed = math.min(tonumber(spec[3]), math.ceil(backlog / tonumber(spec[2])))
  local missing = needed - redis.call('ZCARD', woken)
  -- While the circuit breaker is open one drain is enough: it tries a single entry.
  if missing > 0 and needed > 1 and redis.call('HEXISTS', base .. ':breaker', 'since') == 1 then
    missing = missing == needed and 1 or 0
  end
  for _ = 1, missing do
    local id = lane .. '-' .. redis.call('INCR', 'sluice:wakeups')
    redis.call('LPUSH', queue, (string.gsub(spec[4], 'SLUICE%-WAKEUP%-ID', id)))
    redis.call('ZADD', woken, now, id)
  end
  return math.max(missing, 0)
end

-- Adds an entry. Fields that are usually zero or empty are left out to save memory.
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

-- Adds an entry to the lane's dead letters.
local function dead_letter(base, entry, attempts, why, err, trace, now)
  redis.call('XADD', base .. ':dead', '*', 'd', entry.d or '', 'a', attempts, 'x', entry.x or '0',
    'why', why, 'e', err, 't', trace, 'at', now)
end
