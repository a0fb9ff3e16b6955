// What many sessions keep adds up: they end before the process does, whether results go past them or not.
import { Buffer } from 'node:buffer'
import { beforeAll, describe, expect, it } from 'vitest'
import { loadParser } from '../../../src/analysis/postgres/analyze.ts'
import { createMemory, type Memory } from '../../../src/core/memory.ts'
import { issuePermit } from '../../../src/core/permit-issuer.ts'
import type { Effect, Protocol, ProtocolSession } from '../../../src/core/session.ts'
import { createPostgresProtocol } from '../../../src/protocols/postgres/protocol.ts'
import { parse, password, query, startup, sync } from '../../support/pgwire/frontend.ts'
import { letIn } from '../../support/pgwire/let-in.ts'
import { alone, UNMASKED } from '../../support/session-alone.ts'

beforeAll(loadParser)

const MIB = 1024 * 1024
/** Short, and its facts take half a megabyte: each of its columns may be of any of its tables. */
const wide = (n: number) =>
  `SELECT ${Array.from({ length: 50 }, (_, c) => `c${c}`).join()}, ${n} FROM ${Array.from({ length: 50 }, (_, t) => `t${t}`).join()}`

describe.each(['full', 'requests-only'] as const)('%s', (process) => {
  let protocol: Protocol
  beforeAll(() => {
    const limits = { statement: 4 * MIB, message: 4 * MIB, buffered: 8 * MIB, prepared: 1000, token: 1000 }
    const settings = { process, methods: ['token'], trustedFunctions: [], limits } as const
    protocol = createPostgresProtocol(settings, () => 0)
  })

  function start(memory: Memory) {
    const share = memory.share()
    const session = protocol.start(alone(share))
    const login = { user: 'u', database: 'd', settings: {}, encrypted: true }
    session.fromClient(Buffer.concat([startup({ user: 'u', database: 'd' }), password('token')]))
    session.resume({ kind: 'admitted', login, masks: () => UNMASKED, looksBehind: () => false })
    session.fromServer(letIn('u'))
    if (process === 'requests-only') session.resume({ kind: 'bypassed' })
    return { share, send: (bytes: Uint8Array) => closed(session, session.fromClient(bytes)) }
  }

  /** Everything is allowed. @returns whether the session closed */
  function closed(session: ProtocolSession, effects: readonly Effect[]): boolean {
    return effects.some((effect) => {
      if (effect.kind !== 'judge') return effect.kind === 'close'
      const permit = issuePermit(effect.operation)
      return closed(session, session.resume({ kind: 'proceed', permit }))
    })
  }

  const naming = (n: number) => Buffer.concat([parse({ name: `s${n}`, sql: wide(n) }), sync()])

  it('facts under names end the session that keeps most of them, and not one that keeps none', () => {
    const memory = createMemory(4 * MIB)
    const [greedy, modest] = [start(memory), start(memory)]
    let names = 0
    while (names < 40 && !greedy.send(naming(names))) names += 1
    expect(names).toBeGreaterThan(3)
    expect(names).toBeLessThan(12)
    expect(modest.send(Buffer.concat([parse({ name: 'one', sql: 'select 1' }), sync()]))).toBe(false)
    greedy.share.release()
    expect(memory.kept()).toBeLessThan(MIB)
  })

  it('facts under names have an end in a session of its own, too', () => {
    const alone = start(createMemory(1024 * MIB))
    let names = 0
    while (names < 100 && !alone.send(naming(names))) names += 1
    expect(names).toBeLessThan(40)
  })

  it('what is not handled yet counts, until it is', () => {
    const memory = createMemory(3 * MIB)
    const [one, two] = [start(memory), start(memory)]
    const long = query(`select '${'x'.repeat(2 * MIB)}'`)
    const most = long.subarray(0, 2 * MIB)
    expect(one.send(most)).toBe(false)
    expect(two.send(most)).toBe(true)
    two.share.release()
    expect(one.send(long.subarray(2 * MIB))).toBe(false)
    expect(memory.kept()).toBeLessThan(MIB)
  })
})
