-- Takes what waits in an outbox under a lease, with what is to be handed over.
--
-- Why atomic: two takers must never get the same entry (see claim.lua); and in one call, because a
-- burst waits for every round trip of its hand-over.
--
-- KEYS[1]  outbox (sorted set of times in ms)
-- KEYS[2]  outbox entries (hash)
-- ARGV[1]  now in ms
-- ARGV[2]  how many at most
-- ARGV[3]  the end of the lease in ms
--
-- Returns  {id, entry, id, entry, ...}, earliest first; an entry that is gone is empty

local taken = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
local found = {}
for index, id in ipairs(taken) do
  redis.call('ZADD', KEYS[1], 'XX', ARGV[3], id)
  found[2 * index - 1] = id
  found[2 * index] = redis.call('HGET', KEYS[2], id) or ''
end
return found
