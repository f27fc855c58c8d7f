-- Puts copies of discarded dead letters back among the dead of their lanes, each once.
-- KEYS[1]  the stream of copies
-- ARGV     how the keys of lanes begin, copies to restore at most
-- Reply: how many were restored; 0 when none is left.

local copies = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', ARGV[2])
for _, copy in ipairs(copies) do
  local fields = copy[2]
  local lane = fields[2]
  redis.call('XADD', ARGV[1] .. lane .. ':dead', '*', unpack(fields, 3))
  redis.call('HINCRBY', ARGV[1] .. lane .. ':counts', 'restored', 1)
  redis.call('XDEL', KEYS[1], copy[1])
end
return #copies
