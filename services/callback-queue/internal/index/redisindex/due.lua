-- Take entries whose deadline has come, so that nobody else is given them for a while.
--
-- KEYS     the queue's keys
-- ARGV[1]  now
-- ARGV[2]  until when they are taken; '' only reads them
-- ARGV     from the third on: the ids that a look at the due set found
--
-- Returns  id, value, id, value, … of those that nobody else has taken meanwhile
local ids = {}
for i = 3, #ARGV do
  local at = redis.call('ZSCORE', DUE, ARGV[i])
  if at and tonumber(at) <= tonumber(ARGV[1]) then
    table.insert(ids, ARGV[i])
  end
end
local rows = {}
for n, value in ipairs(read(ids)) do
  if value then
    table.insert(rows, ids[n])
    table.insert(rows, value)
    if ARGV[2] ~= '' then
      zadd(DUE, ARGV[2], ids[n])
    end
  end
end
write()
return rows
