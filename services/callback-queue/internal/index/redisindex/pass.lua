-- Move what time moves in a queue.
--
-- KEYS     the queue's keys
-- ARGV[1]  now
-- ARGV[2]  how many entries of each sort may move in this call
--
-- Returns  1 when there is more to move, else 0
local p = plan(ARGV[1], tonumber(ARGV[2]), {})
settle(p, nil)
write()
return p.more and 1 or 0
