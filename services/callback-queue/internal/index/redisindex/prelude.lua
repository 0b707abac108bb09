-- What all scripts of this package begin with. Every script gets one queue's
-- keys, always these and in this order, so that Reset can take them all:
--
-- KEYS[1] entries  HASH  id -> value (below)
-- KEYS[2] ready    ZSET  all scores 0: members line, space, place, id: pending,
--                         may be reserved; each line in its order
-- KEYS[3] delayed  ZSET  id by the instant it becomes ready: pending
-- KEYS[4] holds    ZSET  id by the instant its hold ends: pending, reserved here
-- KEYS[5] asks     HASH  'i' .. id -> question, 'q' .. question -> id, while held
-- KEYS[6] due      ZSET  id by when its deadline may be given: at the deadline, or
--                         later once somebody has taken it
-- KEYS[7] lists    ZSET  all scores 0: members list:opened:id, for pages
-- KEYS[8] lines    HASH  line -> how many entries the ready set has of it, 1 or more
-- KEYS[9] gone     ZSET  id by when it may be forgotten: what is closed, and what is
--                         remembered of those that have moved
--
-- A value is text: seq kind list rank ready opened due agent line place alarm forget,
-- then what only Go reads. kind is p (pending), h (in an agent's hands), o (neither) or m (moved to
-- another queue: in no other key, and no older value comes back). list is
-- the page list it begins in: r (ready) or w (waiting) when pending, else its
-- state's. Time moves it from w to r; a hold does not move it. opened is 16 hex digits that sort as
-- the instant. due is '-' when there is no deadline to watch. agent is escaped,
-- '' for none. place is 33 characters that sort as rank, first due and opening do;
-- the first 11 are the rank. alarm is a further list that it is in, '-' for none.
-- forget is when it may be forgotten, '-' for never.
--
-- Instants are nanoseconds as decimal text. Redis compares scores as doubles,
-- which tell instants 256 ns apart; ranks are exact up to 2^53 either side of 0.
local ENTRIES, READY, DELAYED, HOLDS, ASKS, DUE, LISTS, LINES, GONE = unpack(KEYS)

local function parse(id, value)
  local seq, kind, list, rank, ready, opened, due, agent, line, place, alarm, forget =
    string.match(value, '^(%d+) (%l) (%S+) (%-?%d+) (%-?%d+) (%x+) (%S+) (%S*) (%S*) (%S+) (%S+) (%S+)')
  return {
    id = id, value = value, seq = seq, kind = kind, list = list, rank = rank, ready = ready,
    opened = opened, due = due, agent = agent, line = line, place = place, alarm = alarm, forget = forget,
  }
end

-- The entry as the ready set has it.
local function standing(entry)
  return entry.line .. ' ' .. entry.place .. entry.id
end

-- Lua's stack takes some 8,000 arguments: longer lists go in pieces.
local PIECE = 1000

local function pieces(list, use)
  for from = 1, #list, PIECE do
    use(from, unpack(list, from, math.min(from + PIECE - 1, #list)))
  end
end

local function read(ids)
  local values = {}
  pieces(ids, function(from, ...)
    for i, value in ipairs(redis.call('HMGET', ENTRIES, ...)) do
      values[from + i - 1] = value
    end
  end)
  return values
end

local function member(entry, list)
  return list .. ':' .. entry.opened .. ':' .. entry.id
end

-- Scripts collect their writes and make them at the very end, in one command a
-- key: no write comes before a read or a check. What is removed and added both
-- is there afterwards.
local removed, added = {}, {}

local function collect(writes, key, first, second)
  local arguments = writes[key] or {}
  writes[key] = arguments
  arguments[#arguments + 1] = first
  if second then
    arguments[#arguments + 1] = second
  end
end

local function zrem(key, name) collect(removed, key, name) end
local function hdel(key, field) collect(removed, key, field) end
local function zadd(key, score, name) collect(added, key, score, name) end
local function hset(key, field, value) collect(added, key, field, value) end

local function hash(key)
  return key == ENTRIES or key == ASKS or key == LINES
end

-- stand and leave put an entry into the ready set and take out one that is there.
local counts = {} -- line -> by how many it grows

local function stand(entry)
  zadd(READY, 0, standing(entry))
  counts[entry.line] = (counts[entry.line] or 0) + 1
end

local function leave(entry)
  zrem(READY, standing(entry))
  counts[entry.line] = (counts[entry.line] or 0) - 1
end

-- A line goes with its last entry.
local function count()
  for line, more in pairs(counts) do
    local n = tonumber(redis.call('HGET', LINES, line) or '0') + more
    if n > 0 then
      hset(LINES, line, n)
    else
      hdel(LINES, line)
    end
  end
end

local function write()
  count()
  for _, key in ipairs(KEYS) do
    pieces(removed[key] or {}, function(_, ...)
      redis.call(hash(key) and 'HDEL' or 'ZREM', key, ...)
    end)
    pieces(added[key] or {}, function(_, ...) -- PIECE is even: pairs stay together
      redis.call(hash(key) and 'HSET' or 'ZADD', key, ...)
    end)
  end
end

-- asking reads which fields of asks are about an entry that a question may have
-- got. The question's own field is not when it has got another entry since.
local function asking(id, question)
  if not question then
    return {}
  end
  local current = redis.call('HGET', ASKS, 'q' .. question) == id
  return { 'i' .. id, current and 'q' .. question or nil }
end

local function unask(fields)
  for _, field in ipairs(fields or {}) do
    hdel(ASKS, field)
  end
end

-- The page list of an agent: what the agent holds, or what only names it.
local function desk(entry)
  return (entry.kind == 'h' and 'h/' or 'x/') .. entry.agent
end

-- takeout takes an entry out of every set that entry, which replaces it, is not in.
local function takeout(old, asked, entry)
  if old.kind == 'p' then
    if redis.call('ZSCORE', READY, standing(old)) then
      leave(old)
    end
    zrem(DELAYED, old.id)
    zrem(HOLDS, old.id)
    unask(asked)
    zrem(LISTS, member(old, 'r'))
    zrem(LISTS, member(old, 'w'))
  else
    zrem(LISTS, member(old, old.list))
  end
  if old.agent ~= '' then
    zrem(LISTS, member(old, desk(old)))
  end
  if old.alarm ~= '-' then
    zrem(LISTS, member(old, old.alarm))
  end
  if old.due ~= '-' and entry.due == '-' then
    zrem(DUE, old.id)
  end
  if old.forget ~= '-' and entry.forget == '-' then
    zrem(GONE, old.id)
  end
end
