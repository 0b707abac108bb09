-- Forget a queue, all of it at once: an entry that another replica applies
-- meanwhile is wholly forgotten or wholly there.
--
-- KEYS     the queue's keys
--
-- Returns  how many keys there were
return redis.call('UNLINK', unpack(KEYS))
