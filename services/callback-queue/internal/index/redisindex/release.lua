-- End holds of which nothing came.
--
-- KEYS     the queue's keys
-- ARGV[1]  now
-- ARGV     from the second on: ids
--
-- Returns  how many were held
local ids = {}
for i = 2, #ARGV do
  ids[i - 1] = ARGV[i]
end
local released = 0
local values, ends = read(ids), redis.call('ZMSCORE', HOLDS, unpack(ids))
for i, id in ipairs(ids) do
  if values[i] and ends[i] then
    local entry = parse(id, values[i])
    local ripe = tonumber(entry.ready) <= tonumber(ARGV[1])
    zrem(HOLDS, id)
    unask(asking(id, redis.call('HGET', ASKS, 'i' .. id)))
    if ripe then
      stand(entry)
    else
      zadd(DELAYED, entry.ready, id)
      relist(entry, 'r', 'w')
    end
    released = released + 1
  end
end
write()
return released
