-- Second part of the scripts that know the time.

-- Bytewise, as ZSETs break ties; Lua's own < follows the server's locale.
local function bytesbefore(a, b)
  for i = 1, math.min(#a, #b) do
    local x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then
      return x < y
    end
  end
  return #a < #b
end

local function better(a, b)
  if b == nil then
    return true
  end
  local x, y = tonumber(a.rank), tonumber(b.rank)
  return x < y or (x == y and bytesbefore(a.id, b.id))
end

local function consider(p, entry)
  if better(entry, p.best) then
    p.best = entry
  end
end

-- ended collects what an instant ends in a set: entries to give back. A name
-- without an entry can't be; if it is, it goes, so that it blocks nothing.
local function ended(p, key, now, max)
  if redis.call('ZCOUNT', key, '-inf', now) == 0 then
    return
  end
  local ids = redis.call('ZRANGEBYSCORE', key, '-inf', now, 'LIMIT', 0, max)
  p.more = p.more or #ids >= max
  for i, value in ipairs(read(ids)) do
    if not value then
      zrem(key, ids[i])
    else
      local entry = parse(ids[i], value)
      entry.from, entry.ripe = key, tonumber(entry.ready) <= p.instant
      if key == HOLDS then
        entry.asking = asking(entry.id, redis.call('HGET', ASKS, 'i' .. entry.id))
      end
      table.insert(p.back, entry)
      if entry.ripe then
        consider(p, entry)
      end
    end
  end
end

-- heads looks for the first entry of the ready set that is ready indeed. Those
-- before it, made ready by another caller's faster clock, go back to wait.
local function heads(p, max)
  local at, count = 0, 1
  while at < max do
    local ids = redis.call('ZRANGE', READY, at, at + count - 1)
    for i, value in ipairs(read(ids)) do
      if not value then
        zrem(READY, ids[i])
      else
        local entry = parse(ids[i], value)
        if tonumber(entry.ready) <= p.instant then
          entry.from = READY
          consider(p, entry)
          return
        end
        table.insert(p.early, entry)
      end
    end
    if #ids < count then
      return
    end
    at, count = at + count, max
  end
  p.more = true
end

-- plan finds what time alone moves, at most max of each sort, and the entry to
-- reserve: best, nil when none is known. more says that a bound was met, so
-- that another call may find a better one.
local function plan(now, max)
  local p = { instant = tonumber(now), back = {}, early = {}, more = false }
  ended(p, HOLDS, now, max)
  ended(p, DELAYED, now, max)
  heads(p, max)
  return p
end

local function relist(entry, from, to)
  zrem(LISTS, member(entry, from))
  zadd(LISTS, 0, member(entry, to))
end

-- settle moves what the plan found, but for the entry that is kept out.
local function settle(p, keptout)
  for _, entry in ipairs(p.back) do
    if entry ~= keptout then
      zrem(entry.from, entry.id)
      unask(entry.asking)
      if entry.ripe then
        zadd(READY, entry.rank, entry.id)
      else
        zadd(DELAYED, entry.ready, entry.id)
      end
      if entry.ripe and entry.from == DELAYED then
        relist(entry, 'w', 'r')
      elseif not entry.ripe then -- held by a clock that was ahead
        relist(entry, 'r', 'w')
      end
    end
  end
  for _, entry in ipairs(p.early) do
    zrem(READY, entry.id)
    zadd(DELAYED, entry.ready, entry.id)
    relist(entry, 'r', 'w')
  end
end

-- asked is the id that a question was answered with, nil when its hold ended.
local function asked(question, now)
  local id = question ~= '' and redis.call('HGET', ASKS, 'q' .. question)
  local ends = id and redis.call('ZSCORE', HOLDS, id)
  if ends and tonumber(ends) > tonumber(now) then
    return id
  end
  return nil
end
