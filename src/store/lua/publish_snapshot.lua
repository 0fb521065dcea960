-- Makes a snapshot live under the next version, unless the same content is live already.
--
-- Why atomic: two services that start together must not give one version to two contents.
--
-- KEYS[1]  snapshots (hash by KIND:ID:VERSION)
-- KEYS[2]  live versions (hash by KIND:ID)
-- ARGV[1]  KIND:ID
-- ARGV[2]  the content
--
-- Returns  {"unchanged", version} or {"published", version}

local version = tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or '0')
if version > 0 and redis.call('HGET', KEYS[1], ARGV[1] .. ':' .. version) == ARGV[2] then
  return { 'unchanged', tostring(version) }
end
version = version + 1
redis.call('HSET', KEYS[1], ARGV[1] .. ':' .. version, ARGV[2])
redis.call('HSET', KEYS[2], ARGV[1], tostring(version))
return { 'published', tostring(version) }
