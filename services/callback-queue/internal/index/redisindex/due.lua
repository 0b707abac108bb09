-- Read the entries whose deadline has come, earliest first.
--
-- KEYS     the queue's seven keys
-- ARGV[1]  now
-- ARGV[2]  how many at most
--
-- Returns  id, value, id, value, …
local ids = redis.call('ZRANGEBYSCORE', DUE, '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
local rows = {}
for n, value in ipairs(read(ids)) do
  if value then
    table.insert(rows, ids[n])
    table.insert(rows, value)
  end
end
return rows
