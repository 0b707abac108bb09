-- Move the checkpoint.
--
-- KEYS[1]  meta HASH: life (the token of the Reset that began it), incarnation,
--          seq, whole (1 once everything up to seq was known to be there)
-- ARGV[1]  life that the caller names
-- ARGV[2]  incarnation
-- ARGV[3]  from
-- ARGV[4]  seq
-- ARGV[5]  1 to call the index whole
--
-- Returns  1; 0 when the index was lost or reset since, -1 when it is behind
--          from: nothing changed
local life, incarnation, seq = unpack(redis.call('HMGET', KEYS[1], 'life', 'incarnation', 'seq'))
if life ~= ARGV[1] then
  return 0
end

-- Sequences have 64 bits, which a double does not.
local function below(a, b)
  return #a < #b or (#a == #b and a < b)
end

if seq and incarnation ~= ARGV[2] then
  return 0
end
if below(seq or '0', ARGV[3]) then
  return -1
end
if not seq or below(seq, ARGV[4]) then
  redis.call('HSET', KEYS[1], 'incarnation', ARGV[2], 'seq', ARGV[4])
end
if ARGV[5] == '1' then
  redis.call('HSET', KEYS[1], 'whole', '1')
end
return 1
