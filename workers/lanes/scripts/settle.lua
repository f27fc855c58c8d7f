-- Ends the handling of entries that one worker took: atomically, and fenced per entry. An outcome takes effect only if
-- the entry's XACK returns 1; it returns 0 if the lease expired and another worker holds the entry by now.
-- KEYS[1]  the stream from which the entries were taken (the lane's or its suspects)
-- KEYS[2]  the lane's stream
-- ARGV     lane, dedupe window (s),
--          the circuit breaker's policy: failures that open it, its first hold and its longest one (ms),
--          id of the circuit breaker's probe that ends with this ('' for none; see circuit_breaker.lua),
--          and in MessagePack, which the server unpacks ten times as fast as it reads the same data as arguments:
--            ids of completed entries without follow-ups,
--            lists of lanes that follow-ups go to,
--            for each completed entry with follow-ups: id, and a list of
--              dedupe key ('' for none), data, position in the list of lists of lanes
--            for each other entry: id, outcome and its details, which are
--              retry  delay (ms), whether the attempt counts (1 or 0), whether the handler failed, error
--              dead   whether the handler failed, why, error, end of the traceback
--              back   (none): any worker may take it at once; a suspect stays a suspect
--            increments by field: timings of these entries (workers/lanes/timings.py); they count only if all entries
--              still belonged to this worker
-- Reply: number of entries settled, of follow-ups added, of follow-ups that were duplicates,
--        change of the circuit breaker ('', open, opened, closed), length of the streak that opened it or for how long
--        it was open (ms), the error that opened it.

local lane, window = ARGV[1], ARGV[2]
local policy = {threshold = tonumber(ARGV[3]), first = tonumber(ARGV[4]), longest = tonumber(ARGV[5])}
local done, targets, leading, others, increments = unpack(cmsgpack.unpack(ARGV[7]))
local requested = #done + #leading + #others
local source, base, now = KEYS[1], KEYS[2], clock()
local breaker = breaker_of(base)
local probing = breaker.since and breaker.probe and breaker.probe == ARGV[6]
local added, duplicates = 0, 0
local failures, counts = {}, {}

local function count(what, n)
  counts[what] = (counts[what] or 0) + n
end

-- Acknowledges and deletes the entries that still belong to this worker; returns those. One XDEL deletes many.
local function acknowledge(list, id_of)
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

local function add_follow_ups(events)
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
leading = acknowledge(leading, function(entry) return entry[1] end)
for _, entry in ipairs(leading) do add_follow_ups(entry[2]) end
local settled = #leading + #acknowledge(done, function(id) return id end)
local answers = settled
count('done', settled)

local function reschedule(entry, delay, counted, err)
  -- The deaths start from 0 again: a run that ended shows that this entry does not kill its process.
  local held = {a = (entry.a or 0) + counted, x = '0', e = err, s = entry.s, id = entry.id}
  redis.call('ZADD', base .. ':retry', now + delay, cjson.encode(held) .. '\n' .. entry.d)
  count('retry', 1)
end

local function remove(id)
  if redis.call('XACK', source, GROUP, id) == 0 then return end
  settled = settled + 1
  local found = redis.call('XRANGE', source, id, id)[1]
  if not found then return end -- purged meanwhile
  redis.call('XDEL', source, id)
  local entry = named(found[2])
  entry.id = id
  return entry
end

local apply = {}

function apply.retry(entry, delay, counted, is_failure, err)
  if is_failure then
    failures[#failures + 1] = {entry = entry, attempt = (entry.a or 0) + 1, delay = delay, err = err}
  else
    reschedule(entry, delay, counted, err)
  end
end

function apply.dead(entry, is_failure, why, err, trace)
  local attempt = (entry.a or 0) + 1
  if is_failure then
    failures[#failures + 1] = {entry = entry, attempt = attempt, why = why, err = err, trace = trace}
    return
  end
  dead_letter(base, entry, attempt, why, err, trace, now)
  count('dead', 1)
  if why == 'rejected' then answers = answers + 1 end
end

function apply.back(entry)
  add(source, entry.d, entry.a, entry.x, entry.e, entry.s)
  count('back', 1)
end

for _, other in ipairs(others) do
  local entry = remove(other[1])
  if entry then apply[other[2]](entry, unpack(other, 3)) end
end

local change, measure = breaker.since and 'open' or '', 0
if answers > 0 then
  change, measure = succeeded(breaker, probing, proven, now)
elseif #failures > 0 then
  change, measure = failed(breaker, probing, failures, policy, now)
elseif probing then
  end_probe(breaker)
end

-- Failed entries come last, when it is known whether the circuit breaker is open.
for _, failure in ipairs(failures) do
  local entry = failure.entry
  if not breaker.since then
    if failure.why then
      dead_letter(base, entry, failure.attempt, failure.why, failure.err, failure.trace, now)
      count('dead', 1)
    else
      reschedule(entry, failure.delay, 1, failure.err)
    end
  elseif probing and not failure.why and redis.call('XLEN', base .. ':suspects') == 0 then
    -- Every second probe continues with the same entry, up to its last attempt. Only this entry uses up attempts:
    -- otherwise a handler that succeeds at a later attempt could not prove that it works.
    add(base .. ':suspects', entry.d, tostring(failure.attempt), '0', failure.err)
    count('retry', 1)
  else
    reschedule(entry, math.max(failure.delay or 0, breaker.interval), 0, failure.err)
  end
end

count('added', added)
count('duplicates', duplicates)
count('opened', change == 'opened' and 1 or 0)
for what, n in pairs(counts) do
  if n > 0 then redis.call('HINCRBY', base .. ':counts', what, n) end
end
for field, n in pairs(settled == requested and increments or {}) do
  -- pcall: a sum may overflow, and that must not abort the rest of this script.
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
local err = change == 'opened' and failures[#failures].err or ''
return {settled, added, duplicates, change, measure, err}
