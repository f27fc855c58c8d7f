-- Makes a lane known: writes how it is run, and creates what of it is missing. Also in a full Redis, for only a lane that
-- is known is drained, and so makes room again.
-- KEYS[1]  the lane's stream
-- KEYS[2]  sluice:lanes
-- ARGV     lane, queue, grain, cap, wakeup, lease (ms)

local base = KEYS[1]
redis.call('HDEL', base .. ':spec', 'queue') -- first, since it frees memory (see common.lua)
redis.call('HSET', base .. ':spec', 'queue', ARGV[2], 'grain', ARGV[3], 'cap', ARGV[4], 'wakeup', ARGV[5],
  'lease', ARGV[6])
redis.call('SADD', KEYS[2], ARGV[1])
for _, stream in ipairs({base, base .. ':suspects'}) do
  local made = redis.pcall('XGROUP', 'CREATE', stream, GROUP, '0', 'MKSTREAM')
  if made.err and not string.find(made.err, 'BUSYGROUP', 1, true) then return made end
end
