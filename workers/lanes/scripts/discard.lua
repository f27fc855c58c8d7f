-- Throws dead letters away for good.
-- KEYS[1]  the lane's stream
-- ARGV     ids of dead letters
-- Reply: how many were there.

local discarded = redis.call('XDEL', KEYS[1] .. ':dead', unpack(ARGV))
if discarded > 0 then redis.call('HINCRBY', KEYS[1] .. ':counts', 'discarded', discarded) end
return discarded
