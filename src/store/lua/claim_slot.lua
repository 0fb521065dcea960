-- Claims a scheduled job's slot, once for all instances.
--
-- Why atomic: two instances whose clocks ring together must not both do the work.
--
-- KEYS[1]  last slots (hash by job)
-- ARGV[1]  the job
-- ARGV[2]  the slot's time in ms
--
-- Returns  {"claimed"} or {"taken"}

local last = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '0')
if tonumber(ARGV[2]) <= last then
  return { 'taken' }
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return { 'claimed' }
