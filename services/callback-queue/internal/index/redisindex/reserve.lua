-- Hold the queue's best ready entry of some lines.
--
-- KEYS     the queue's keys
-- ARGV[1]  now
-- ARGV[2]  when the hold ends
-- ARGV[3]  question (agent and request), '' without one
-- ARGV[4]  how many entries of each sort time may move in this call
-- ARGV[5]  '1': reserve in any case
-- ARGV[6]  how many lines the queue must have, '' for any: they are chosen from what was
--          known before
-- ARGV     from the seventh on: line, behind, line, behind, …: the lines to choose from,
--          and how much is added to their ranks
--
-- Returns  {'held', id, value}   held now
--          {'kept', id, value}   held by the same question before
--          {'again'}             nothing reserved: there are other lines, the queue's best is not what its
--                                ready set said, or there is more to move, or
--                                something has come into a line that was not asked for
--          {'none'}              nothing is ready
local now, ends, question = ARGV[1], ARGV[2], ARGV[3]

local before = asked(question, now)
if before then
  return { 'kept', before, redis.call('HGET', ENTRIES, before) }
end

local wanted = {}
for i = 7, #ARGV, 2 do
  wanted[ARGV[i]] = tonumber(ARGV[i + 1])
end
local p = plan(now, tonumber(ARGV[4]), wanted)
local best = p.best
local again = (p.more or p.strange or #p.early > 0) and ARGV[5] ~= '1'
if again then
  best = nil
end
settle(p, best)
if best then
  if best.from == READY then
    leave(best)
  else
    zrem(best.from, best.id)
  end
  unask(best.asking)
  zadd(HOLDS, ends, best.id)
  if best.from == DELAYED then
    relist(best, 'w', 'r')
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
return { again and 'again' or 'none' }
