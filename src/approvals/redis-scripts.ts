// Each transition is one Lua script, so Redis runs it whole or not at all. All keys share one hash slot.
// Every script takes the clock of Redis: processes need not agree on the time.
import { createHash } from 'node:crypto'

export interface Script {
  readonly lua: string
  readonly sha: string
  /** it may not be lost once it was answered: replicas have it before, where there are some */
  readonly replicated: boolean
}

/** `state` is as of now: what is stored as open but past its time is expired. */
const PRELUDE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function text(number) return string.format('%.0f', number) end
local function state(key)
  local found = redis.call('HMGET', key, 'state', 'expires')
  if not found[1] then return nil end
  local open = found[1] == 'pending' or found[1] == 'approved'
  if open and now >= tonumber(found[2]) then return 'expired' end
  return found[1]
end
local function record(key) return { text(now), redis.call('HGETALL', key) } end
`

function script(body: string, replicated = false): Script {
  const lua = PRELUDE + body
  // EVALSHA names a script by its SHA-1; nothing about it is a matter of security.
  return { lua, sha: createHash('sha1').update(lua).digest('hex'), replicated }
}

/** What every transition away from `pending` or `approved` takes along: KEYS 1 request, 2 open, 3 open of the principal, 4 same subject, 5 same shape. */
const CLOSE = `
local function close(id, verdict)
  redis.call('HSET', KEYS[1], 'state', verdict)
  redis.call('ZREM', KEYS[2], id)
  redis.call('ZREM', KEYS[3], id)
  redis.call('ZREM', KEYS[4], id)
  redis.call('ZREM', KEYS[5], id)
end
`

/**
 * KEYS as in CLOSE, 6 all, 7 sizes; ARGV 1 id, 2 body, 3 digest, 4 life in ms, 5 retention in ms, 6 most open,
 * 7 most open of the principal, 8 most kept, 9 prefix of request keys, 10 longest life, 11 most bytes kept,
 * 12 digest of the shape or nothing, 13 whether it is parked: 1 or 0, 14 most open bytes of the principal, 15 head.
 * The keys of requests that are dropped cannot be declared; the prefix keeps them in the same slot.
 */
export const CREATE = script(`
if redis.call('EXISTS', KEYS[1]) == 1 then return redis.error_reply('CHAPERONE id is taken') end
for n = 2, 5 do redis.call('ZREMRANGEBYSCORE', KEYS[n], '-inf', text(now)) end
if redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[6]) then return false end
if redis.call('ZCARD', KEYS[3]) >= tonumber(ARGV[7]) then return false end

local function drop(id)
  local bytes = redis.call('HGET', KEYS[7], id)
  if bytes then redis.call('HINCRBY', KEYS[7], 'total', '-' .. bytes) end
  redis.call('HDEL', KEYS[7], id)
  redis.call('ZREM', KEYS[6], id)
  redis.call('DEL', ARGV[9] .. id)
end
local bytes = #ARGV[2] + #ARGV[15]
local own = bytes
for _, id in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do
  own = own + tonumber(redis.call('HGET', KEYS[7], id) or 0)
end
if own > tonumber(ARGV[14]) then return false end
local function crowded()
  local total = tonumber(redis.call('HGET', KEYS[7], 'total') or 0)
  return redis.call('ZCARD', KEYS[6]) >= tonumber(ARGV[8]) or total + bytes > tonumber(ARGV[11])
end
-- A window may last as long again as the request that it was granted for.
local forgotten = text(now - ARGV[5] - 2 * ARGV[10])
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[6], '-inf', forgotten)) do drop(id) end
if crowded() then
  for _, id in ipairs(redis.call('ZRANGE', KEYS[6], 0, -1)) do
    if not redis.call('ZSCORE', KEYS[2], id) then drop(id) end
    if not crowded() then break end
  end
end
if crowded() then return false end

local expires = now + ARGV[4]
redis.call('HSET', KEYS[1], 'body', ARGV[2], 'head', ARGV[15], 'digest', ARGV[3], 'alike', ARGV[12],
  'state', 'pending', 'created', text(now), 'expires', text(expires), 'votes', '', 'cast', '0')
if ARGV[13] == '1' then redis.call('HSET', KEYS[1], 'parked', '1') end
redis.call('PEXPIREAT', KEYS[1], text(expires + ARGV[5]))
for n = 2, 4 do redis.call('ZADD', KEYS[n], text(expires), ARGV[1]) end
redis.call('PEXPIRE', KEYS[3], ARGV[10])
redis.call('PEXPIRE', KEYS[4], ARGV[10])
redis.call('ZADD', KEYS[6], text(now), ARGV[1])
redis.call('HSET', KEYS[7], ARGV[1], text(bytes))
redis.call('HINCRBY', KEYS[7], 'total', text(bytes))
return record(KEYS[1])
`)

/**
 * KEYS as in CLOSE; ARGV 1 id, 2 how many votes were there when this one was weighed, 3 the state that it makes, 4 the vote
 * as a JSON object without its time, 5 channel, 6 milliseconds and 7 uses of the window that it opens or nothing,
 * 8 retention, 9 longest life. Who may vote, and what votes make of a request, is decided by
 * vote.ts on what was read before: a vote that came in between makes this one be weighed again.
 */
export const VOTE = script(`${CLOSE}
local is = state(KEYS[1])
if not is then return 'not-found' end
if is ~= 'pending' then return 'already-decided' end
if tonumber(redis.call('HGET', KEYS[1], 'cast')) ~= tonumber(ARGV[2]) then return 'again' end
local votes = redis.call('HGET', KEYS[1], 'votes')
local vote = '{"at":' .. text(now) .. ',' .. string.sub(ARGV[4], 2)
redis.call('HSET', KEYS[1], 'votes', votes == '' and vote or votes .. ',' .. vote)
redis.call('HINCRBY', KEYS[1], 'cast', 1)
if ARGV[3] == 'denied' then close(ARGV[1], 'denied') else redis.call('HSET', KEYS[1], 'state', ARGV[3]) end
if ARGV[3] == 'approved' and ARGV[6] ~= '' then
  local ends = now + ARGV[6]
  redis.call('HSET', KEYS[1], 'expires', text(ends), 'uses', ARGV[7], 'used', '0')
  redis.call('PEXPIREAT', KEYS[1], text(ends + ARGV[8]))
  for n = 2, 5 do redis.call('ZADD', KEYS[n], text(ends), ARGV[1]) end
  for n = 3, 5 do redis.call('PEXPIRE', KEYS[n], ARGV[9]) end
end
if ARGV[3] ~= 'pending' then redis.call('PUBLISH', ARGV[5], ARGV[1]) end
return record(KEYS[1])
`)

/** KEYS as in CLOSE; ARGV 1 id, 2 reason, 3 channel. */
export const WITHDRAW = script(`${CLOSE}
local is = state(KEYS[1])
if is ~= 'pending' and is ~= 'approved' then return 0 end
redis.call('HSET', KEYS[1], 'withdrawal', ARGV[2])
close(ARGV[1], 'withdrawn')
redis.call('PUBLISH', ARGV[3], ARGV[1])
return 1
`)

/** KEYS 1 request. Gives 1 when it is pending, and stays without anybody waiting. */
export const PARK = script(`
if state(KEYS[1]) ~= 'pending' then return 0 end
redis.call('HSET', KEYS[1], 'parked', '1')
return 1
`)

/** KEYS as in CLOSE, of the request; ARGV 1 id, 2 digest of the subject, 3 digest of its shape or nothing. */
export const CONSUME = script(
  `${CLOSE}
if state(KEYS[1]) ~= 'approved' then return false end
local found = redis.call('HMGET', KEYS[1], 'digest', 'alike', 'uses')
local alike = found[3] and ARGV[3] ~= '' and found[2] == ARGV[3]
if found[1] ~= ARGV[2] and not alike then return false end
local used = found[3] and redis.call('HINCRBY', KEYS[1], 'used', 1)
if not used or used >= tonumber(found[3]) then close(ARGV[1], 'consumed') end
return record(KEYS[1])
`,
  true,
)

/** KEYS are requests. Gives the time, then each request's fields, empty for one that is not there. */
export const READ = script(`
local records = { text(now) }
for n, key in ipairs(KEYS) do records[n + 1] = redis.call('HGETALL', key) end
return records
`)

/** KEYS are requests. Gives a mark of each, another one for each change of it; empty for what is not there. */
export const MARKS = script(`
local marks = {}
for n, key in ipairs(KEYS) do
  local now = state(key)
  local found = redis.call('HMGET', key, 'votes', 'used', 'parked')
  marks[n] = now and (now .. '.' .. #(found[1] or '') .. '.' .. (found[2] or '') .. '.' .. (found[3] or '')) or ''
end
return marks
`)

/** KEYS are requests; ARGV 1 whether their votes are wanted: 1 or 0. Gives the state, the time, the head and the votes of each; all are empty for what is not there. */
export const HEADS = script(`
local heads = {}
for n, key in ipairs(KEYS) do
  local found = redis.call('HMGET', key, 'created', 'head')
  local votes = ARGV[1] == '1' and redis.call('HGET', key, 'votes')
  heads[n] = { state(key) or '', found[1] or '', found[2] or '', votes or '' }
end
return heads
`)

/** KEYS are requests, ARGV their ids. Gives the ids of those that are no longer pending. */
export const SETTLED = script(`
local settled = {}
for n, key in ipairs(KEYS) do
  if state(key) ~= 'pending' then settled[#settled + 1] = ARGV[n] end
end
return settled
`)

/** KEYS 1 is a sorted set of ids; ARGV 1 most. Gives the ids with the highest scores first. */
export const IDS = script(`
return redis.call('ZREVRANGE', KEYS[1], 0, text(ARGV[1] - 1))
`)
