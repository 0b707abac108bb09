-- Keep deadlines from being given until a moment.
--
-- KEYS     the queue's keys
-- ARGV[1]  until when
-- ARGV     from the second on: id, seq, id, seq, …: what is newer by now stays as it is
--
-- Returns  how many were put off
local ids = {}
for i = 2, #ARGV, 2 do
  table.insert(ids, ARGV[i])
end
local off = 0
for n, value in ipairs(read(ids)) do
  local entry = value and parse(ids[n], value)
  if entry and entry.seq == ARGV[2 * n + 1] and entry.due ~= '-' then
    zadd(DUE, ARGV[1], ids[n])
    off = off + 1
  end
end
write()
return off
