// What a Redis server has done, as its append-only file tells it: also for a client that died before it could say.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where Redis 7 keeps the file's parts, below its directory. */
const PARTS = 'appendonlydir'
const REQUEST = /:approvals:request:(\w+)$/

/** Commands in the order in which they were done; those of a script one by one. */
function* commands(folder: string): Generator<readonly string[]> {
  const parts = readdirSync(join(folder, PARTS)).filter((name) => name.endsWith('.incr.aof'))
  for (const name of parts.sort()) yield* commandsOf(readFileSync(join(folder, PARTS, name)))
}

/** Each is an array of bulk strings of the protocol. The last one may be cut where the server was killed. */
function* commandsOf(bytes: Buffer): Generator<readonly string[]> {
  let at = 0
  const number = (mark: string): number | undefined => {
    const end = bytes.indexOf('\r\n', at)
    if (end < 0) return undefined
    const line = bytes.toString('utf8', at, end)
    if (!line.startsWith(mark)) throw new Error(`no ${mark} at ${at} of the append-only file: ${line}`)
    at = end + 2
    return Number(line.slice(1))
  }
  for (;;) {
    const words = number('*')
    if (words === undefined) return
    const command: string[] = []
    for (let word = 0; word < words; word++) {
      const length = number('$')
      if (length === undefined || at + length + 2 > bytes.length) return
      command.push(bytes.toString('utf8', at, at + length))
      at += length + 2
    }
    yield command
  }
}

/** How often each request for approval was used, by id: what its window counted, or how often it became `consumed`. */
export function usesOf(folder: string): ReadonlyMap<string, number> {
  const windows = new Map<string, number>()
  const single = new Map<string, number>()
  const one = (of: Map<string, number>, id: string) => of.set(id, (of.get(id) ?? 0) + 1)
  for (const [name = '', key = '', ...rest] of commands(folder)) {
    const id = REQUEST.exec(key)?.[1]
    if (id === undefined) continue
    const command = name.toUpperCase()
    if (command === 'HINCRBY' && rest[0] === 'used') one(windows, id)
    if (command === 'HSET' && rest[0] === 'state' && rest[1] === 'consumed') one(single, id)
  }
  return new Map([...single, ...windows])
}
