-- Discards dead letters of one lane, and keeps copies for a while, from which restore.lua restores them.
-- KEYS[1]  the lane's stream
-- KEYS[2]  the stream of copies
-- ARGV     lane, TTL of the copies (s), then ids of dead letters
-- Reply: number of dead letters discarded.

local dead, discarded = KEYS[1] .. ':dead', 0
for i = 3, #ARGV do
  local found = redis.call('XRANGE', dead, ARGV[i], ARGV[i])
  if found[1] then
    redis.call('XADD', KEYS[2], '*', 'lane', ARGV[1], unpack(found[1][2]))
    redis.call('XDEL', dead, ARGV[i])
    discarded = discarded + 1
  end
end
if discarded > 0 then
  redis.call('EXPIRE', KEYS[2], ARGV[2])
  redis.call('HINCRBY', KEYS[1] .. ':counts', 'discarded', discarded)
end
return discarded
