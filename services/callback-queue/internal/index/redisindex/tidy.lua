-- Forget entries whose time for it has come.
--
-- KEYS     the queue's keys
-- ARGV[1]  now
-- ARGV[2]  how many in this call
--
-- Returns  1 when there may be more, else 0
local ids = redis.call('ZRANGEBYSCORE', GONE, '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
local nothing = { due = '-', forget = '-' }
for n, value in ipairs(read(ids)) do
  local entry = value and parse(ids[n], value)
  if entry and (entry.kind == 'o' or entry.kind == 'm') then
    takeout(entry, {}, nothing)
    hdel(ENTRIES, ids[n])
  end
  zrem(GONE, ids[n])
end
write()
return #ids >= tonumber(ARGV[2]) and 1 or 0
