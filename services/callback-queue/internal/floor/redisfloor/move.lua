-- Change one agent's seat.
--
-- KEYS[1]  seats HASH: agent -> session status capacity load idle until taken missed;
--          session is escaped, '' for none; instants are milliseconds, 0 for none;
--          status 1 is available
-- ARGV[1]  what: sit, report, take, untake, clear
-- ARGV[2]  agent
-- ARGV     sit: seat · report: seat, '1' when what was taken for has arrived ·
--          take: now, until · clear: the end that was seen
--
-- Returns  {1 when it was done, else 0; the seat as it was, '' for none}
local what, agent = ARGV[1], ARGV[2]
local before = redis.call('HGET', KEYS[1], agent)

local names = { 'session', 'status', 'capacity', 'load', 'idle', 'till', 'taken', 'missed' }

local function parse(text)
  local seat, i = {}, 0
  for field in string.gmatch(text .. ' ', '(%S*) ') do
    i = i + 1
    seat[names[i]] = i == 1 and field or tonumber(field)
  end
  return seat
end

local function put(seat)
  local fields = {}
  for i, name in ipairs(names) do
    fields[i] = i == 1 and seat[name] or string.format('%.0f', seat[name])
  end
  redis.call('HSET', KEYS[1], agent, table.concat(fields, ' '))
  return { 1, before or '' }
end

local old = before and parse(before)

if what == 'sit' or what == 'report' then
  local seat = parse(ARGV[3])
  if what == 'report' and old and old.session ~= seat.session then
    return { 0, before }
  end
  seat.taken = old and ARGV[4] ~= '1' and old.taken or 0
  return put(seat)
end

if not old then
  return { 0, '' }
end

if what == 'take' then
  local now = tonumber(ARGV[3])
  if old.session == '' or old.status ~= 1 or old.load >= old.capacity or now >= old.till or now < old.taken then
    return { 0, before }
  end
  old.taken = tonumber(ARGV[4])
  return put(old)
end

if what == 'untake' then
  old.taken = 0
  return put(old)
end

if what == 'clear' and old.till == tonumber(ARGV[3]) then
  redis.call('HDEL', KEYS[1], agent)
  return { 1, before }
end
return { 0, before }
