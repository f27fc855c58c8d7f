-- Ends the handling of entries that one worker took: atomic, and fenced entry by entry. What follows from an entry
-- happens only if its XACK answers 1; it answers 0 where the lease ran out and another worker has it by now.
-- KEYS[1]  the stream the entries were taken from (the lane's or its suspects)
-- KEYS[2]  the lane's stream
-- ARGV     lane, dedupe window (s),
--          n, then n ids of entries that are done and lead to nothing,
--          n, then n names of lanes that entries below lead to,
--          then for each further entry its id and one of
--            done  n, then n times: dedupe key ('' for none), data, m, then m positions in the list of lanes
--            retry delay (ms), whether the attempt counts (1 or 0), error
--            dead  why, error, end of the traceback
--            back  (nothing): to be taken by anybody, at once; a suspect again alone
-- Reply: entries settled, events added, events that were duplicates.

local lane, window, at = ARGV[1], ARGV[2], 3
local source, base, now = KEYS[1], KEYS[2], clock()
local settled, added, duplicates = 0, 0, 0
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

local done = list()
for first = 1, #done, 1000 do
  local last = math.min(first + 999, #done)
  settled = settled + redis.call('XACK', source, GROUP, unpack(done, first, last))
  redis.call('XDEL', source, unpack(done, first, last))
end
count('done', settled)

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
        touched[target] = true
      end
    elseif mine then
      duplicates = duplicates + 1
    end
  end
end

while at <= #ARGV do
  local id, verdict = shift(), shift()
  local mine = redis.call('XACK', source, GROUP, id) == 1
  local entry
  if mine then
    settled = settled + 1
    if verdict ~= 'done' then
      local found = redis.call('XRANGE', source, id, id)
      if found[1] then entry = named(found[1][2]) end
    end
    redis.call('XDEL', source, id)
    count(verdict, 1)
    mine = verdict == 'done' or entry ~= nil  -- purged meanwhile: there is nothing to be tried again
  end
  if verdict == 'done' then
    follow(mine)
  elseif verdict == 'retry' then
    local delay, counted, err = shift(), shift(), shift()
    if mine then
      -- Its deaths are forgotten: a run that ended shows that it is not this entry that kills.
      local held = {id = id, a = (entry.a or 0) + counted, x = '0', e = err}
      redis.call('ZADD', base .. ':retry', now + delay, cjson.encode(held) .. '\n' .. entry.d)
    end
  elseif verdict == 'dead' then
    local why, err, trace = shift(), shift(), shift()
    if mine then bury(base, entry, (entry.a or 0) + 1, why, err, trace, now) end
  elseif mine then
    add(source, entry.d, entry.a, entry.x, entry.e)
  end
end

if added > 0 then count('added', added) end
if duplicates > 0 then count('duplicates', duplicates) end
for what, n in pairs(counts) do
  if n > 0 then redis.call('HINCRBY', base .. ':counts', what, n) end
end
for target in pairs(touched) do wake(target, now) end
wake(lane, now)
return {settled, added, duplicates}
