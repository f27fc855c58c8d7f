-- Restores discarded dead letters from their copies, each once, under new ids.
-- KEYS[1]  the stream of copies
-- ARGV     prefix of the lanes' keys, number of copies to restore at most
-- Reply: number of dead letters restored; 0 if no copy is left.

local copies = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', ARGV[2])
for _, copy in ipairs(copies) do
  local fields = copy[2]
  local lane = fields[2]
  redis.call('XADD', ARGV[1] .. lane .. ':dead', '*', unpack(fields, 3))
  redis.call('HINCRBY', ARGV[1] .. lane .. ':counts', 'restored', 1)
  redis.call('XDEL', KEYS[1], copy[1])
end
return #copies
