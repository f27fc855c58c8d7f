-- Ends the handling of entries that one worker took: atomic, and fenced entry by entry. What follows from an entry
-- happens only if its XACK answers 1; it answers 0 where the lease ran out and another worker has it by now.
-- KEYS[1]  the stream the entries were taken from (the lane's or its suspects)
-- KEYS[2]  the lane's stream
-- ARGV     lane, dedupe window (s),
--          the breaker's policy: failures that open it, its first hold and its longest (ms),
--          the probe that this was ('' for none; see breaker.lua),
--          and in MessagePack, which the server unpacks in a tenth of the time that as many arguments take:
--            ids of entries that are done and lead to nothing,
--            lists of lanes, which events below go to,
--            for each entry that is done and leads to something: id, and a list of
--              dedupe key ('' for none), data, position in the list of lists of lanes
--            for each further entry: id, verdict and its details, which are
--              retry  delay (ms), whether the attempt counts (1 or 0), whether it is the handler that failed, error
--              dead   whether it is the handler that failed, why, error, end of the traceback
--              back   (nothing): to be taken by anybody, at once; a suspect again alone
--            increments by field: what was measured of these entries (workers/lanes/timings.py); it counts if all of
--              them were still this worker's
-- Reply: entries settled, events added, events that were duplicates,
--        what became of the breaker ('', open, opened, closed), the streak that opened it or the ms that it was open,
--        the error that opened it.

local lane, window = ARGV[1], ARGV[2]
local policy = {threshold = tonumber(ARGV[3]), first = tonumber(ARGV[4]), longest = tonumber(ARGV[5])}
local done, targets, leading, others, measured = unpack(cmsgpack.unpack(ARGV[7]))
local asked = #done + #leading + #others
local source, base, now = KEYS[1], KEYS[2], clock()
local breaker = breaker_of(base)
local probing = breaker.since and breaker.probe and breaker.probe == ARGV[6]
local added, duplicates = 0, 0
local failures, counts = {}, {}

local function count(what, n)
  counts[what] = (counts[what] or 0) + n
end

-- Those entries of a list that were still this worker's: acknowledged and deleted, deleting all at once.
local function mine(list, id_of)
  local found, ids = {}, {}
  for _, entry in ipairs(list) do
    local id = id_of(entry)
    if redis.call('XACK', source, GROUP, id) == 1 then
      found[#found + 1], ids[#ids + 1] = entry, id
    end
  end
  for first = 1, #ids, 1000 do
    redis.call('XDEL', source, unpack(ids, first, math.min(first + 999, #ids)))
  end
  return found
end

local function follow(events)
  for _, event in ipairs(events) do
    local key = event[1]
    if key == '' or redis.call('SET', 'sluice:seen:' .. key, '', 'NX', 'EX', window) then
      added = added + 1
      local target = targets[event[3]]
      for _, name in ipairs(target) do redis.call('XADD', PREFIX .. name, '*', 'd', event[2]) end
      target.entered = (target.entered or 0) + 1
    else
      duplicates = duplicates + 1
    end
  end
end

local proven = lowest_attempt(breaker, source, done)
leading = mine(leading, function(entry) return entry[1] end)
for _, entry in ipairs(leading) do follow(entry[2]) end
local settled = #leading + #mine(done, function(id) return id end)
local answers = settled
count('done', settled)

local function later(entry, delay, counted, err)
  -- Its deaths are forgotten: a run that ended shows that it is not this entry that kills.
  local held = {a = (entry.a or 0) + counted, x = '0', e = err, s = entry.s, id = entry.id}
  redis.call('ZADD', base .. ':retry', now + delay, cjson.encode(held) .. '\n' .. entry.d)
  count('retry', 1)
end

local function take_out(id)
  if redis.call('XACK', source, GROUP, id) == 0 then return end
  settled = settled + 1
  local found = redis.call('XRANGE', source, id, id)[1]
  if not found then return end -- purged meanwhile
  redis.call('XDEL', source, id)
  local entry = named(found[2])
  entry.id = id
  return entry
end

local decided = {}

function decided.retry(entry, delay, counted, is_failure, err)
  if is_failure then
    failures[#failures + 1] = {entry = entry, attempt = (entry.a or 0) + 1, delay = delay, err = err}
  else
    later(entry, delay, counted, err)
  end
end

function decided.dead(entry, is_failure, why, err, trace)
  local attempt = (entry.a or 0) + 1
  if is_failure then
    failures[#failures + 1] = {entry = entry, attempt = attempt, why = why, err = err, trace = trace}
    return
  end
  bury(base, entry, attempt, why, err, trace, now)
  count('dead', 1)
  if why == 'rejected' then answers = answers + 1 end
end

function decided.back(entry)
  add(source, entry.d, entry.a, entry.x, entry.e, entry.s)
  count('back', 1)
end

for _, other in ipairs(others) do
  local entry = take_out(other[1])
  if entry then decided[other[2]](entry, unpack(other, 3)) end
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
for field, n in pairs(settled == asked and measured or {}) do
  -- pcall: a sum may come to its end, and must not take the rest of this script along.
  redis.pcall('HINCRBY', base .. ':times', field, n)
end
local entered = {}
for _, target in ipairs(targets) do
  for _, name in ipairs(target.entered and target or {}) do entered[name] = (entered[name] or 0) + target.entered end
end
for name, n in pairs(entered) do
  redis.call('HINCRBY', PREFIX .. name .. ':counts', 'entered', n)
  wake(name, now)
end
wake(lane, now)
local err = news == 'opened' and failures[#failures].err or ''
return {settled, added, duplicates, news, measure, err}
