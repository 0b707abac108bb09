-- Read lists from a place on.
--
-- KEYS     the queue's keys
-- ARGV[1]  how many entries of each list at most
-- ARGV[2]  the place, opened:id, after which to begin; '' for the beginning
-- ARGV     from the third on: the lists
--
-- Returns  id, value, id, value, …: each list in order, one after the other
local rows = {}
for i = 3, #ARGV do
  local list = ARGV[i]
  local from = ARGV[2] == '' and '[' .. list .. ':' or '(' .. list .. ':' .. ARGV[2]
  local members = redis.call('ZRANGEBYLEX', LISTS, from, '(' .. list .. ';', 'LIMIT', 0, ARGV[1])
  local ids = {}
  for n, name in ipairs(members) do
    ids[n] = string.sub(name, #list + 19) -- behind list, colon, 16 digits, colon
  end
  for n, value in ipairs(read(ids)) do
    if value then
      table.insert(rows, ids[n])
      table.insert(rows, value)
    end
  end
end
return rows
