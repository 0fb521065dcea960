-- Commits a batch of changes to one shard, whole or not at all.
--
-- Why atomic: a machine's state, its next wake time, what it hands over and what it records must
-- never disagree; and the ledger's chain must have one order.
--
-- KEYS[1]  due queue (sorted set)
-- KEYS[2]  outbox (sorted set)
-- KEYS[3]  outbox entries (hash)
-- KEYS[4]  ledger (stream)
-- KEYS[5]  ledger head (hash: n, h)
-- KEYS[6]  what was spent (hash by quarter of an hour)
-- KEYS[7]  whom no page has reached (sorted set)
-- KEYS[8..] the machines' hashes (v, s, f: the sequence numbers of its facts)
--
-- ARGV[1]  the link the batch was chained onto
-- ARGV[2]  the sequence number of that link
-- ARGV[3]  the channel to wake others by
-- ARGV[4]  what to say on it (the shard)
-- ARGV[5]  the number of units; then each unit:
--   machines: count, then each: key index, expected version (0: must not exist), state,
--             wake member ("" none), wake time in ms ("" takes it out of the queue),
--             since when its people are not reached in ms ("-" they are, "" nobody asks),
--             facts: count, then each: fact, link
--   outbox:   count, then each: id, time in ms, entry
--   done:     count, then each: id of an outbox entry that has been handed over
--   facts:    count, then each: fact, link
--   spent:    quarter of an hour, amount (0 none)
--
-- Returns {"applied"}
--      or {"moved", link, sequence}: somebody else appended to the ledger; chain onto that
--      or {"conflict", unit, ...}: these units (from 0) met another version; nothing was done

local head = redis.call('HMGET', KEYS[5], 'n', 'h')
local sequence = tonumber(head[1] or '0')
local link = head[2] or string.rep('\0', 32)
if link ~= ARGV[1] or sequence ~= tonumber(ARGV[2]) then
  return { 'moved', link, tostring(sequence) }
end

-- First look, then write: a script that stops half-way would leave half a batch.
local at = 6
local function take()
  local value = ARGV[at]
  at = at + 1
  return value
end
local function skip(count, width) at = at + count * width end

-- The version that a machine will have once the units before this one are written: two units of one
-- batch may have been made of the same version, and then the second has lost the race.
local versions = {}
local conflicts = {}
for unit = 0, tonumber(ARGV[5]) - 1 do
  local clash, writes = false, {}
  for _ = 1, tonumber(take()) do
    local key, expected = KEYS[tonumber(take())], take()
    skip(1, 4)
    skip(tonumber(take()), 2)
    if (versions[key] or redis.call('HGET', key, 'v') or '0') ~= expected then clash = true end
    writes[key] = tostring(tonumber(expected) + 1)
  end
  skip(tonumber(take()), 3)
  skip(tonumber(take()), 1)
  skip(tonumber(take()), 2)
  skip(1, 2)
  if clash then
    conflicts[#conflicts + 1] = tostring(unit)
  else
    for key, version in pairs(writes) do versions[key] = version end
  end
end
if #conflicts > 0 then
  table.insert(conflicts, 1, 'conflict')
  return conflicts
end

local function earliest(key)
  local first = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
  return tonumber(first[2] or 'inf')
end
local due_before, outbox_before = earliest(KEYS[1]), earliest(KEYS[2])
local wake = false

local function append(count)
  local numbers = {}
  for index = 1, count do
    local fact
    fact, link = take(), take()
    sequence = sequence + 1
    numbers[index] = string.format('%d', sequence)
    redis.call('XADD', KEYS[4], numbers[index] .. '-0', 'f', fact, 'h', link)
  end
  return table.concat(numbers, ' ')
end

at = 6
for _ = 1, tonumber(ARGV[5]) do
  for _ = 1, tonumber(take()) do
    local key, expected, state, member, time = KEYS[tonumber(take())], take(), take(), take(), take()
    local unreached = take()
    redis.call('HSET', key, 'v', tostring(tonumber(expected) + 1), 's', state)
    if member ~= '' then
      if time == '' then
        redis.call('ZREM', KEYS[1], member)
      else
        redis.call('ZADD', KEYS[1], time, member)
        if tonumber(time) < due_before then wake = true end
      end
    end
    if unreached == '-' then
      redis.call('ZREM', KEYS[7], member)
    elseif unreached ~= '' then
      redis.call('ZADD', KEYS[7], unreached, member)
    end
    local count = tonumber(take())
    if count > 0 then
      local before = redis.call('HGET', key, 'f')
      local numbers = append(count)
      redis.call('HSET', key, 'f', before and (before .. ' ' .. numbers) or numbers)
    end
  end
  for _ = 1, tonumber(take()) do
    local id, time, entry = take(), take(), take()
    redis.call('ZADD', KEYS[2], time, id)
    redis.call('HSET', KEYS[3], id, entry)
    if tonumber(time) < outbox_before then wake = true end
  end
  for _ = 1, tonumber(take()) do
    local id = take()
    redis.call('ZREM', KEYS[2], id)
    redis.call('HDEL', KEYS[3], id)
  end
  append(tonumber(take()))
  local stretch, amount = take(), take()
  if amount ~= '0' then redis.call('HINCRBY', KEYS[6], stretch, amount) end
end
redis.call('HSET', KEYS[5], 'n', string.format('%d', sequence), 'h', link)
if wake then redis.call('PUBLISH', ARGV[3], ARGV[4]) end
return { 'applied' }
