-- Adds entries to a lane and wakes its workers.
-- KEYS[1]   the lane's stream
-- ARGV[1]   the lane's name
-- ARGV[2]   maximum entries in the lane; 0: any number
-- ARGV[3…]  the entries' data
-- Reply: the number of entries added. Error BACKLOG: the lane is full, and nothing was added.

local limit = tonumber(ARGV[2])
if limit > 0 and redis.call('XLEN', KEYS[1]) + #ARGV - 2 > limit then
  return redis.error_reply('BACKLOG ' .. ARGV[1] .. ' has ' .. limit .. ' entries waiting')
end
for i = 3, #ARGV do
  redis.call('XADD', KEYS[1], '*', 'd', ARGV[i])
end
redis.call('HINCRBY', KEYS[1] .. ':counts', 'entered', #ARGV - 2)
wake(ARGV[1], clock())
return #ARGV - 2
