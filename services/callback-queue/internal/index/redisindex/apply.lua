-- Take entries in, each only over an older one of its id; that ends its hold.
-- There is no clock here: pending entries go where their value says, and the
-- next script that knows the time puts them right.
--
-- KEYS     the queue's keys
-- ARGV     id, value, id, value, …: no id twice
--
-- Returns  how many were taken in

-- Sequences are decimal text without leading zeros: exact over all 64 bits.
local function newer(a, b)
  return #a > #b or (#a == #b and a > b)
end

local function putin(entry)
  hset(ENTRIES, entry.id, entry.value)
  if entry.forget ~= '-' then
    zadd(GONE, entry.forget, entry.id)
  end
  if entry.kind == 'm' then
    return
  end
  zadd(LISTS, 0, member(entry, entry.list))
  if entry.kind == 'p' and entry.list == 'r' then
    stand(entry)
  elseif entry.kind == 'p' then
    zadd(DELAYED, entry.ready, entry.id)
  end
  if entry.agent ~= '' then
    zadd(LISTS, 0, member(entry, desk(entry)))
  end
  if entry.alarm ~= '-' then
    zadd(LISTS, 0, member(entry, entry.alarm))
  end
  if entry.due ~= '-' then
    zadd(DUE, entry.due, entry.id)
  end
end

local ids, questions = {}, {}
for i = 1, #ARGV, 2 do
  table.insert(ids, ARGV[i])
  table.insert(questions, 'i' .. ARGV[i])
end
local values = read(ids)
questions = redis.call('HMGET', ASKS, unpack(questions))

local taken = 0
for i, id in ipairs(ids) do
  local entry = parse(id, ARGV[2 * i])
  local old = values[i] and parse(id, values[i])
  if not old or newer(entry.seq, old.seq) then
    if old then
      takeout(old, asking(id, questions[i]), entry)
    end
    putin(entry)
    taken = taken + 1
  end
end
write()
return taken
