-- Discards dead letters for good.
-- KEYS[1]  the lane's stream
-- ARGV     ids of dead letters
-- Reply: number of dead letters discarded.

local discarded = redis.call('XDEL', KEYS[1] .. ':dead', unpack(ARGV))
if discarded > 0 then redis.call('HINCRBY', KEYS[1] .. ':counts', 'discarded', discarded) end
return discarded
