-- Hold the queue's best ready entry.
--
-- KEYS     the queue's seven keys
-- ARGV[1]  now
-- ARGV[2]  when the hold ends
-- ARGV[3]  question (agent and request), '' without one
-- ARGV[4]  how many entries of each sort time may move in this call
-- ARGV[5]  '1': reserve from what is ready even when there is more to move
--
-- Returns  {'held', id, value}   held now, or by the same question before
--          {'more'}              time moved entries and has more to move: ask again
--          {'none'}              nothing is ready
local now, ends, question = ARGV[1], ARGV[2], ARGV[3]

local before = asked(question, now)
if before then
  return { 'held', before, redis.call('HGET', ENTRIES, before) }
end

local p = plan(now, tonumber(ARGV[4]))
local best = p.best
if p.more and ARGV[5] ~= '1' then
  best = nil
end
settle(p, best)
if best then
  zrem(best.from, best.id)
  unask(best.asking)
  zadd(HOLDS, ends, best.id)
  if best.from == READY then
    zrem(LISTS, member(best, 'r'))
    zadd(LISTS, 0, member(best, 'w'))
  end
  if question ~= '' then
    hset(ASKS, 'i' .. best.id, question)
    hset(ASKS, 'q' .. question, best.id)
  end
end
write()

if best then
  return { 'held', best.id, best.value }
end
return { p.more and 'more' or 'none' }
