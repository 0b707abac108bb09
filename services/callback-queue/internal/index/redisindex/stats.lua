-- Count a queue in which nothing is left for time to move.
--
-- KEYS     the queue's seven keys
-- ARGV     the lists of the states in which an agent has a callback in hand
--
-- Returns  {entries, ready, delayed, held, oldest}: oldest is the opening of
--          the oldest ready entry as 16 hex digits, '' without one
local held = redis.call('ZCARD', HOLDS)
for _, list in ipairs(ARGV) do
  held = held + redis.call('ZLEXCOUNT', LISTS, '[' .. list .. ':', '(' .. list .. ';')
end
local oldest = redis.call('ZRANGEBYLEX', LISTS, '[r:', '(r;', 'LIMIT', 0, 1)[1]
return {
  redis.call('HLEN', ENTRIES),
  redis.call('ZCARD', READY),
  redis.call('ZCARD', DELAYED),
  held,
  oldest and string.sub(oldest, 3, 18) or '',
}
