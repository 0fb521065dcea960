-- Takes what is due under a lease.
--
-- Why atomic: two takers must never get the same item. The lease is the item's new score, so it
-- runs by the clock that is handed in, and ends by itself when its taker dies.
--
-- KEYS[1]  queue (sorted set of times in ms)
-- ARGV[1]  now in ms
-- ARGV[2]  how many at most
-- ARGV[3]  the end of the lease in ms
--
-- Returns  {member, time, member, time, ...}: what was taken and when it was due, earliest first

local taken = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'WITHSCORES', 'LIMIT', 0, ARGV[2])
for index = 1, #taken, 2 do
  redis.call('ZADD', KEYS[1], 'XX', ARGV[3], taken[index])
end
return taken
