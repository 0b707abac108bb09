-- Move the checkpoint.
--
-- KEYS[1]  meta HASH: life (the token of the Reset that began it), incarnation, seq
-- ARGV[1]  life that the caller names
-- ARGV[2]  incarnation
-- ARGV[3]  seq
--
-- Returns  1; 0 when the index was lost or reset since: nothing changed
local life, incarnation, seq = unpack(redis.call('HMGET', KEYS[1], 'life', 'incarnation', 'seq'))
if life ~= ARGV[1] then
  return 0
end
local back = seq and incarnation == ARGV[2] and (#ARGV[3] < #seq or (#ARGV[3] == #seq and ARGV[3] < seq))
if not back then
  redis.call('HSET', KEYS[1], 'incarnation', ARGV[2], 'seq', ARGV[3])
end
return 1
