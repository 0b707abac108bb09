-- First part of reserve.lua: what most reservations come to. Where the question
-- is new, no hold has ended, no delay has passed and the first entry of the ready
-- set is ready, that one is the answer, and what follows would find the same in
-- four times the time: it prepares for all that may have to move.
do
  local entries, ready, delayed, holds, asks = unpack(KEYS)
  local now, ends, question = ARGV[1], ARGV[2], ARGV[3]
  local id = redis.call('ZRANGE', ready, 0, 0)[1]
  local value = id and redis.call('HGET', entries, id)
  local from = value and string.match(value, '^%d+ p %S+ %-?%d+ (%-?%d+)')
  if from and tonumber(from) <= tonumber(now)
    and redis.call('ZCOUNT', holds, '-inf', now) == 0
    and redis.call('ZCOUNT', delayed, '-inf', now) == 0
    and (question == '' or redis.call('HEXISTS', asks, 'q' .. question) == 0)
  then
    redis.call('ZREM', ready, id)
    redis.call('ZADD', holds, ends, id)
    if question ~= '' then
      redis.call('HSET', asks, 'i' .. id, question, 'q' .. question, id)
    end
    return { 'held', id, value }
  end
end

