-- The breaker of a lane, which opens when its handler fails for everyone. Then the lane is held, no attempt is charged,
-- and each time the hold ends one drain tries one entry: the probe. Its success closes the breaker, its failure makes
-- the next hold longer. Stands before settle.lua.
-- Hash sluice:lane:L:breaker; a lane that is well has none
--   streak    entries that failed since the last success, each counted once
--   name      of that streak, borne by the entries it counted: the id of the one that began it
--   proven    the lowest attempt at which an entry is known to have succeeded, if it is not the first
-- and while it is open
--   since     when it opened (ms since 1970)
--   error     of the last failure that opened it or kept it open
--   tries     probes begun
--   interval  the current or last hold (ms)
--   probe     name of the probe under way; only its verdict opens or closes anything
--   prober    name of the process that runs it
--   wakeup    id of the wake-up that led to it

-- A handler may fail at every first attempt and do well at the next, so failures below the attempt that is proven tell
-- nothing. Where nothing is proven yet it is given as many attempts as this, or as its policy has.
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

-- The lowest attempt that these entries of a stream are at, where that may be news. A look at a few of them.
local function lowest_attempt(breaker, stream, ids)
  local least
  for i = 1, breaker.kept and math.min(#ids, 20) or 0 do
    local found = redis.call('XRANGE', stream, ids[i], ids[i])
    if found[1] then least = math.min(least or math.huge, (named(found[1][2]).a or 0) + 1) end
  end
  return least
end

local function close(breaker, proven)
  redis.call('DEL', breaker.key)
  if proven and proven > 1 then redis.call('HSET', breaker.key, 'proven', proven) end
end

-- The handler did well, `attempt` being the lowest it did well at (nil: it only gave an answer).
-- Replies what became of the breaker, and for how long it was open (ms).
local function succeeded(breaker, probing, attempt, now)
  if not breaker.kept then return '', 0 end
  if not breaker.since then
    local known = proven_attempt(breaker)
    close(breaker, attempt and math.min(attempt, known or attempt) or known)
    return '', 0
  end
  -- What was begun before it opened tells nothing of now.
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

-- These entries failed, and none succeeded. Replies what became of the breaker, and how long the streak was.
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
  local proven, deep = proven_attempt(breaker) or UNPROVEN, false
  local name, streak = breaker.name or failures[1].entry.id, breaker.streak
  for _, failure in ipairs(failures) do
    if failure.entry.s ~= name then
      failure.entry.s, streak = name, streak + 1
    end
    deep = deep or failure.why or failure.attempt >= proven
  end
  if deep and streak >= policy.threshold then
    open(breaker, err, policy.first, now)
    return 'opened', streak
  end
  redis.call('HSET', breaker.key, 'streak', streak, 'name', name)
  return '', 0
end

-- A probe ended without telling anything: there was no entry, or it could not be read. The next one may begin.
local function told_nothing(breaker)
  redis.call('HDEL', breaker.key, 'probe', 'prober')
  redis.call('DEL', breaker.hold)
end
