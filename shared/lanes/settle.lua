-- Ends the handling of entries that one worker took: atomic, and fenced entry by entry. What follows from an entry
-- happens only if its XACK answers 1; it answers 0 where the lease ran out and another worker has it by now.
-- KEYS[1]  the stream the entries were taken from (the lane's or its suspects)
-- KEYS[2]  the lane's stream
-- ARGV     lane, dedupe window (s),
--          the breaker's policy: failures that open it, its first hold and its longest (ms),
--          the probe that this was ('' for none; see breaker.lua),
--          n, then n fields and increments in turn: what was measured; it counts if all of the entries are settled,
--          n, then n ids of entries that are done and lead to nothing,
--          n, then n names of lanes that entries below lead to,
--          then for each further entry its id and one of
--            done  n, then n times: dedupe key ('' for none), data, m, then m positions in the list of lanes
--            retry delay (ms), whether the attempt counts (1 or 0), whether it is the handler that failed (1 or 0), error
--            dead  whether it is the handler that failed (1 or 0), why, error, end of the traceback
--            back  (nothing): to be taken by anybody, at once; a suspect again alone
-- Reply: entries settled, events added, events that were duplicates,
--        what became of the breaker ('', open, opened, closed), the streak that opened it or the ms that it was open,
--        the error that opened it.

local lane, window, at = ARGV[1], ARGV[2], 7
local policy = {threshold = tonumber(ARGV[3]), first = tonumber(ARGV[4]), longest = tonumber(ARGV[5])}
local source, base, now = KEYS[1], KEYS[2], clock()
local breaker = breaker_of(base)
local probing = breaker.since and breaker.probe and breaker.probe == ARGV[6]
local asked, settled, added, duplicates = 0, 0, 0, 0
local answers, failures = 0, {}
local counts = {}

local function count(what, n)
  counts[what] = (counts[what] or 0) + n
end

local function shift()
  at = at + 1
  return ARGV[at - 1]
end

local function list()
  local n, items = tonumber(shift()), {}
  for i = 1, n do items[i] = shift() end
  return items
end

local measured, done = list(), list()
local proven = lowest_attempt(breaker, source, done)
for first = 1, #done, 1000 do
  local last = math.min(first + 999, #done)
  settled = settled + redis.call('XACK', source, GROUP, unpack(done, first, last))
  redis.call('XDEL', source, unpack(done, first, last))
end
count('done', settled)
answers, asked = settled, #done

local lanes, touched = list(), {}

local function follow(mine)
  for _ = 1, tonumber(shift()) do
    local key, data, targets = shift(), shift(), list()
    local fresh = mine and (key == '' or redis.call('SET', 'sluice:seen:' .. key, '', 'NX', 'EX', window))
    if fresh then
      added = added + 1
      for _, position in ipairs(targets) do
        local target = lanes[tonumber(position)]
        redis.call('XADD', PREFIX .. target, '*', 'd', data)
        touched[target] = (touched[target] or 0) + 1
      end
    elseif mine then
      duplicates = duplicates + 1
    end
  end
end

local function later(entry, delay, counted, err)
  -- Its deaths are forgotten: a run that ended shows that it is not this entry that kills.
  local held = {a = (entry.a or 0) + counted, x = '0', e = err, s = entry.s, id = entry.id}
  redis.call('ZADD', base .. ':retry', now + delay, cjson.encode(held) .. '\n' .. entry.d)
  count('retry', 1)
end

while at <= #ARGV do
  local id, verdict = shift(), shift()
  local mine = redis.call('XACK', source, GROUP, id) == 1
  asked = asked + 1
  local entry
  if mine then
    settled = settled + 1
    if verdict ~= 'done' then
      local found = redis.call('XRANGE', source, id, id)
      if found[1] then
        entry = named(found[1][2])
        entry.id = id
      end
    end
    redis.call('XDEL', source, id)
    mine = verdict == 'done' or entry ~= nil  -- purged meanwhile: there is nothing to be tried again
  end
  if verdict == 'done' then
    follow(mine)
    if mine then
      count('done', 1)
      answers = answers + 1
    end
  elseif verdict == 'retry' then
    local delay, counted, is_failure, err = tonumber(shift()), shift(), shift() == '1', shift()
    if mine and is_failure then
      failures[#failures + 1] = {entry = entry, attempt = (entry.a or 0) + 1, delay = delay, err = err}
    elseif mine then
      later(entry, delay, counted, err)
    end
  elseif verdict == 'dead' then
    local is_failure, why, err, trace = shift() == '1', shift(), shift(), shift()
    if mine and is_failure then
      failures[#failures + 1] = {entry = entry, attempt = (entry.a or 0) + 1, why = why, err = err, trace = trace}
    elseif mine then
      bury(base, entry, (entry.a or 0) + 1, why, err, trace, now)
      count('dead', 1)
      if why == 'rejected' then answers = answers + 1 end
    end
  elseif mine then
    add(source, entry.d, entry.a, entry.x, entry.e, entry.s)
    count('back', 1)
  end
end

local news, measure = breaker.since and 'open' or '', 0
if answers > 0 then
  news, measure = succeeded(breaker, probing, proven, now)
elseif #failures > 0 then
  news, measure = failed(breaker, probing, failures, policy, now)
elseif probing then
  told_nothing(breaker)
end

-- What failed is judged after all else, when it is known whether the breaker is open.
for _, failure in ipairs(failures) do
  local entry = failure.entry
  if not breaker.since then
    if failure.why then
      bury(base, entry, failure.attempt, failure.why, failure.err, failure.trace, now)
      count('dead', 1)
    else
      later(entry, failure.delay, 1, failure.err)
    end
  elseif probing and not failure.why and redis.call('XLEN', base .. ':suspects') == 0 then
    -- Every other probe goes on with the same entry, up to its last attempt. It is the only one that is charged: a
    -- handler that does well at a later attempt could not show that otherwise.
    add(base .. ':suspects', entry.d, tostring(failure.attempt), '0', failure.err)
    count('retry', 1)
  else
    later(entry, math.max(failure.delay or 0, breaker.interval), 0, failure.err)
  end
end

count('added', added)
count('duplicates', duplicates)
count('opened', news == 'opened' and 1 or 0)
for what, n in pairs(counts) do
  if n > 0 then redis.call('HINCRBY', base .. ':counts', what, n) end
end
for i = 1, settled == asked and #measured or 0, 2 do
  -- pcall: a sum may come to its end, and must not take the rest of this script along.
  redis.pcall('HINCRBY', base .. ':times', measured[i], measured[i + 1])
end
for target, n in pairs(touched) do
  redis.call('HINCRBY', PREFIX .. target .. ':counts', 'entered', n)
  wake(target, now)
end
wake(lane, now)
local err = news == 'opened' and failures[#failures].err or ''
return {settled, added, duplicates, news, measure, err}
