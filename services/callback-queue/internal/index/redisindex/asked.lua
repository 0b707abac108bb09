-- Find the entry that a question was answered with, while its hold lasts.
--
-- KEYS     the queue's keys
-- ARGV[1]  now
-- ARGV[2]  question
--
-- Returns  {'held', id, value}, or {'none'}
local id = asked(ARGV[2], ARGV[1])
if not id then
  return { 'none' }
end
return { 'held', id, redis.call('HGET', ENTRIES, id) }
