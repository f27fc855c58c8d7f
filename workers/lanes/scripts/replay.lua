-- Puts dead letters back into their lane with no attempts made.
-- KEYS[1]  the lane's stream
-- ARGV     lane, then ids of dead letters
-- Reply: number of dead letters put back.

local base, replayed = KEYS[1], 0
for i = 2, #ARGV do
  local found = redis.call('XRANGE', base .. ':dead', ARGV[i], ARGV[i])
  if found[1] then
    add(base, named(found[1][2]).d)
    redis.call('XDEL', base .. ':dead', ARGV[i])
    replayed = replayed + 1
  end
end
if replayed > 0 then
  redis.call('HINCRBY', base .. ':counts', 'replayed', replayed)
  wake(ARGV[1], clock())
end
return replayed
