-- Writes a change down, and puts it in force where that is asked for: whole or not at all.
--
-- Why atomic: new versions, what is live and who changed it must never disagree; and two
-- administrators must not both believe that theirs is what came of it.
--
-- KEYS[1]  changes (hash by number)
-- KEYS[2]  revisions (list: the numbers of the changes that took force, in their order)
-- KEYS[3]  contents (hash by SHA-256)
-- KEYS[4]  snapshots (hash by KIND:ID:VERSION)
-- KEYS[5]  live versions (hash by KIND:ID)
-- KEYS[6]  the changes that wait for their day (sorted set by ms)
--
-- ARGV[1]  the number of the change
-- ARGV[2]  its record as it was read ("" for a new one)
-- ARGV[3]  its record as it is from now on
-- ARGV[4]  when it is due in ms ("" takes it out of those that wait)
-- ARGV[5]  the revision it was checked against ("" when nothing takes force)
-- ARGV[6]  the channel to wake others by
-- ARGV[7]  what to say on it
-- ARGV[8]  the number of contents; then each: SHA-256, content
-- then     the number of items; then each: KIND:ID, live version that it was made against, snapshot
--
-- Returns  {"written"}
--      or  {"lost"}: somebody else was faster; nothing is done
--      or  {"taken", KIND:ID}: the next version exists already, so what is live was set back by hand

if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return { 'lost' } end
if ARGV[2] == '' and tonumber(ARGV[1]) ~= redis.call('HLEN', KEYS[1]) + 1 then return { 'lost' } end
if ARGV[5] ~= '' and redis.call('LLEN', KEYS[2]) ~= tonumber(ARGV[5]) then return { 'lost' } end

local contents = tonumber(ARGV[8])
local first = 9 + 2 * contents
local items = tonumber(ARGV[first])
-- First look, then write: a script that stops half-way would leave half a change.
for index = 1, items do
  local at = first + 3 * index - 2
  local name, from = ARGV[at], ARGV[at + 1]
  if (redis.call('HGET', KEYS[5], name) or '0') ~= from then return { 'lost' } end
  local version = string.format('%d', tonumber(from) + 1)
  if redis.call('HEXISTS', KEYS[4], name .. ':' .. version) == 1 then return { 'taken', name } end
end
for index = 1, contents do
  redis.call('HSETNX', KEYS[3], ARGV[7 + 2 * index], ARGV[8 + 2 * index])
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
if ARGV[4] == '' then
  redis.call('ZREM', KEYS[6], ARGV[1])
else
  redis.call('ZADD', KEYS[6], ARGV[4], ARGV[1])
end
if ARGV[5] ~= '' then
  for index = 1, items do
    local at = first + 3 * index - 2
    local version = string.format('%d', tonumber(ARGV[at + 1]) + 1)
    redis.call('HSET', KEYS[4], ARGV[at] .. ':' .. version, ARGV[at + 2])
    redis.call('HSET', KEYS[5], ARGV[at], version)
  end
  redis.call('RPUSH', KEYS[2], ARGV[1])
end
redis.call('PUBLISH', ARGV[6], ARGV[7])
return { 'written' }
