-- Count a queue in which nothing is left for time to move.
--
-- KEYS     the queue's keys
-- ARGV[1]  the list of what is at risk
-- ARGV[2]  the list of what is open and breached
-- ARGV     from the third on: those of the states in which an agent has it in hand
--
-- Returns  {listed, ready, delayed, held, oldest, at risk, breached}: listed is 0 when the queue holds
--          no entry, but perhaps what has moved; oldest is the opening of
--          the oldest ready entry as 16 hex digits, '' without one
local function count(list)
  return redis.call('ZLEXCOUNT', LISTS, '[' .. list .. ':', '(' .. list .. ';')
end

local held = redis.call('ZCARD', HOLDS)
for i = 3, #ARGV do
  held = held + count(ARGV[i])
end

-- The oldest of list r that is not held: those that are held are few.
local function oldest()
  local at, count = 0, 64
  while true do
    local members = redis.call('ZRANGEBYLEX', LISTS, '[r:', '(r;', 'LIMIT', at, count)
    if #members == 0 then
      return ''
    end
    local ids = {}
    for i, name in ipairs(members) do
      ids[i] = string.sub(name, 20) -- behind r, colon, 16 digits, colon
    end
    for i, ends in ipairs(redis.call('ZMSCORE', HOLDS, unpack(ids))) do
      if not ends then
        return string.sub(members[i], 3, 18)
      end
    end
    at = at + count
  end
end

return {
  redis.call('ZCARD', LISTS),
  redis.call('ZCARD', READY),
  redis.call('ZCARD', DELAYED),
  held,
  oldest(),
  count(ARGV[1]),
  count(ARGV[2]),
}
