-- First part of reserve.lua: what most reservations come to. Where the question
-- is new, no hold has ended, no delay has passed and the first entry of each line
-- is ready, the best of those is the answer, and what follows would find the same
-- in four times the time: it prepares for all that may have to move.
do
  local entries, ready, delayed, holds, asks, _, _, lines = unpack(KEYS)
  local now, ends, question = ARGV[1], ARGV[2], ARGV[3]
  if ARGV[6] ~= '' and redis.call('HLEN', lines) ~= tonumber(ARGV[6]) then
    return { 'again' }
  end
  local best, rank
  local clear = redis.call('ZCOUNT', holds, '-inf', now) == 0
    and redis.call('ZCOUNT', delayed, '-inf', now) == 0
    and (question == '' or redis.call('HEXISTS', asks, 'q' .. question) == 0)
  for i = 7, clear and #ARGV or 0, 2 do
    local line = ARGV[i]
    local member = redis.call('ZRANGEBYLEX', ready, '[' .. line .. ' ', '(' .. line .. '!', 'LIMIT', 0, 1)[1]
    if member then
      local id = string.sub(member, #line + 35) -- behind the line, a space, 33 characters
      local value = redis.call('HGET', entries, id)
      local r, from = string.match(value or '', '^%d+ p %S+ (%-?%d+) (%-?%d+)')
      if not from or tonumber(from) > tonumber(now) then
        clear = false
        break
      end
      r = tonumber(r) + tonumber(ARGV[i + 1])
      if best and r == rank then -- the long way knows which
        clear = false
        break
      end
      if not best or r < rank then
        best, rank = { id = id, value = value, member = member, line = line }, r
      end
    end
  end
  if clear and best then
    local left = tonumber(redis.call('HGET', lines, best.line) or '0') - 1
    if left > 0 then
      redis.call('HSET', lines, best.line, left)
    else
      redis.call('HDEL', lines, best.line)
    end
    redis.call('ZREM', ready, best.member)
    redis.call('ZADD', holds, ends, best.id)
    if question ~= '' then
      redis.call('HSET', asks, 'i' .. best.id, question, 'q' .. question, best.id)
    end
    return { 'held', best.id, best.value }
  end
end

