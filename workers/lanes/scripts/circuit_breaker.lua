-- The circuit breaker of a lane, which opens when the handler fails for every event. While it is open the lane is held
-- and failures use up no attempts. Each time the hold ends one drain tries one entry: the probe. Its success closes the
-- breaker, its failure doubles the next hold. Prepended to settle.lua.
-- Hash sluice:lane:L:breaker; a healthy lane has none
--   streak    number of entries that failed since the last success, each counted once
--   name      id of that streak: the id of the entry that began it; the counted entries carry it in field s
--   proven    the lowest attempt at which an entry is known to have succeeded, unless that is the first
-- and while it is open
--   since     when it opened (ms since 1970)
--   error     of the last failure that opened it or kept it open
--   tries     number of probes started
--   interval  the current or last hold (ms)
--   probe     id of the running probe; only its outcome changes the breaker
--   prober    name of the process that runs it
--   wakeup    id of the wake-up that started it

-- A handler may fail at every first attempt and succeed at the next, so failures below the proven attempt mean nothing.
-- While no attempt is proven, the handler gets this many attempts, or as many as its policy allows.
local UNPROVEN = 3

local function breaker_of(base)
  local key = base .. ':breaker'
  local breaker = {base = base, key = key, hold = base .. ':hold', streak = 0}
  if redis.call('EXISTS', key) == 0 then return breaker end
  local found = redis.call('HMGET', key, 'since', 'proven', 'streak', 'name', 'interval', 'probe')
  breaker.kept, breaker.since, breaker.proven = true, tonumber(found[1]), tonumber(found[2])
  breaker.streak, breaker.name = tonumber(found[3] or 0), found[4]
  breaker.interval, breaker.probe = tonumber(found[5]), found[6]
  return breaker
end

local function proven_attempt(breaker)
  return breaker.proven or tonumber(redis.call('HGET', breaker.base .. ':counts', 'done') or 0) > 0 and 1 or nil
end

-- Returns the lowest attempt among these entries of a stream, from a sample of 20; nil if the lane has no breaker hash,
-- which means that the attempt is of no interest.
local function lowest_attempt(breaker, stream, ids)
  local lowest
  for i = 1, breaker.kept and math.min(#ids, 20) or 0 do
    local found = redis.call('XRANGE', stream, ids[i], ids[i])
    if found[1] then lowest = math.min(lowest or math.huge, (named(found[1][2]).a or 0) + 1) end
  end
  return lowest
end

local function close(breaker, proven)
  redis.call('DEL', breaker.key)
  if proven and proven > 1 then redis.call('HSET', breaker.key, 'proven', proven) end
end

-- Records that the handler succeeded; `attempt` is the lowest attempt at which it did (nil: it only rejected events).
-- Returns the breaker's change, and for how long it was open (ms).
local function succeeded(breaker, probing, attempt, now)
  if not breaker.kept then return '', 0 end
  if not breaker.since then
    local proven = proven_attempt(breaker)
    close(breaker, attempt and math.min(attempt, proven or attempt) or proven)
    return '', 0
  end
  -- A run that started before the breaker opened says nothing about the handler's state now.
  if not probing then return 'open', 0 end
  close(breaker, attempt or breaker.proven)
  redis.call('DEL', breaker.hold)
  return 'closed', math.max(now - breaker.since, 0)
end

local function open(breaker, err, first, now)
  redis.call('HDEL', breaker.key, 'streak', 'name')
  redis.call('HSET', breaker.key, 'since', now, 'error', err, 'tries', 0, 'interval', first)
  hold_for(breaker.base, first)
  breaker.since, breaker.interval = now, first
end

-- Records that these entries failed and none succeeded. Returns the breaker's change, and the length of the streak.
local function failed(breaker, probing, failures, policy, now)
  local err = failures[#failures].err
  if breaker.since then
    if probing then
      breaker.interval = math.min(2 * breaker.interval, policy.longest)
      redis.call('HDEL', breaker.key, 'probe', 'prober')
      redis.call('HSET', breaker.key, 'error', err, 'interval', breaker.interval)
      hold_for(breaker.base, breaker.interval)
    end
    return 'open', 0
  end
  local proven, is_conclusive = proven_attempt(breaker) or UNPROVEN, false
  local name, streak = breaker.name or failures[1].entry.id, breaker.streak
  for _, failure in ipairs(failures) do
    if failure.entry.s ~= name then
      failure.entry.s, streak = name, streak + 1
    end
    is_conclusive = is_conclusive or failure.why or failure.attempt >= proven
  end
  if is_conclusive and streak >= policy.threshold then
    open(breaker, err, policy.first, now)
    return 'opened', streak
  end
  redis.call('HSET', breaker.key, 'streak', streak, 'name', name)
  return '', 0
end

-- Ends a probe without a result: there was no entry, or it could not be read. The next probe may start.
local function end_probe(breaker)
  redis.call('HDEL', breaker.key, 'probe', 'prober')
  redis.call('DEL', breaker.hold)
end
