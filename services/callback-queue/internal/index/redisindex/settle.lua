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

-- Where ranks are equal the place decides: all of it, exact to the last digit of the
-- rank, unless one line is further behind than the other.
local function better(a, b)
  if b == nil then
    return true
  end
  local x, y = tonumber(a.rank) + a.behind, tonumber(b.rank) + b.behind
  if x ~= y then
    return x < y
  end
  local from = a.behind == b.behind and 1 or 12
  return bytesbefore(string.sub(a.place, from) .. a.id, string.sub(b.place, from) .. b.id)
end

-- An entry of a line that is not wanted is nobody's best.
local function consider(p, entry)
  entry.behind = p.wanted[entry.line]
  p.strange = p.strange or not entry.behind
  if entry.behind and better(entry, p.best) then
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

-- head looks for the first entry of a line of the ready set that is ready indeed.
-- Those before it, made ready by another caller's faster clock, go back to wait.
local function head(p, line, max)
  local at, count = 0, 1
  while at < max do
    local members = redis.call('ZRANGEBYLEX', READY, '[' .. line .. ' ', '(' .. line .. '!', 'LIMIT', at, count)
    local ids = {}
    for i, name in ipairs(members) do
      ids[i] = string.sub(name, #line + 35) -- behind the line, a space, 33 characters
    end
    for i, value in ipairs(read(ids)) do
      if not value then
        leave({ line = line, place = string.sub(members[i], #line + 2, #line + 34), id = ids[i] })
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
-- reserve: best, nil when none is known. wanted says how far behind its rank each
-- wanted line is; strange that something became ready in another one. more says that a bound was met, so that another call may find a
-- better one.
local function plan(now, max, wanted)
  local p = { instant = tonumber(now), wanted = wanted, back = {}, early = {}, more = false }
  ended(p, HOLDS, now, max)
  ended(p, DELAYED, now, max)
  for line in pairs(wanted) do
    head(p, line, max)
  end
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
        stand(entry)
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
    leave(entry)
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
