-- Registers a lane: writes its configuration, and creates its streams and groups if they do not exist. This must also
-- work in a full Redis: only a registered lane is drained, which makes room again.
-- KEYS[1]  the lane's stream
-- KEYS[2]  sluice:lanes
-- ARGV     lane, queue, grain (entries per wake-up), cap (wake-ups at most), wakeup (the message), lease (ms)

local base = KEYS[1]
redis.call('HDEL', base .. ':spec', 'queue') -- first, because it frees memory (see common.lua)
redis.call('HSET', base .. ':spec', 'queue', ARGV[2], 'grain', ARGV[3], 'cap', ARGV[4], 'wakeup', ARGV[5],
  'lease', ARGV[6])
redis.call('SADD', KEYS[2], ARGV[1])
for _, stream in ipairs({base, base .. ':suspects'}) do
  local created = redis.pcall('XGROUP', 'CREATE', stream, GROUP, '0', 'MKSTREAM')
  if created.err and not string.find(created.err, 'BUSYGROUP', 1, true) then return created end
end
