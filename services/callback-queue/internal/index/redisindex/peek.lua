-- Move what time moves, and say what a reservation would get.
--
-- KEYS     the queue's seven keys
-- ARGV[1]  now
-- ARGV[2]  question, '' without one
-- ARGV[3]  how many entries of each sort time may move in this call
--
-- Returns  {'held', id, value}   the question has its answer
--          {'best', id, value}   what a reservation would get
--          {'more', id, value}   the same, but time has more to move: ask again
--          {'more'}, {'none'}    nothing is ready, yet or at all
local before = asked(ARGV[2], ARGV[1])
if before then
  return { 'held', before, redis.call('HGET', ENTRIES, before) }
end
local p = plan(ARGV[1], tonumber(ARGV[3]))
settle(p, nil)
write()
if not p.best then
  return { p.more and 'more' or 'none' }
end
return { p.more and 'more' or 'best', p.best.id, p.best.value }
