-- Let one at a time give an agent something.
--
-- KEYS[1]  door STRING: who is at it; it ends by itself
-- ARGV[1]  what: enter, leave
-- ARGV[2]  who
-- ARGV[3]  enter: for how long at most, in milliseconds
--
-- Returns  1 when it was done, 0 while somebody else is at it
local there = redis.call('GET', KEYS[1])
if there and there ~= ARGV[2] then return 0 end
if ARGV[1] == 'enter' then
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
elseif there then
  redis.call('DEL', KEYS[1])
end
return 1
