// What keeps a session alive between client and target while it has nothing to say: only where it changes nothing.
import { beforeAll, expect, it } from 'vitest'
import { loadParser } from '../../../src/analysis/postgres/analyze.ts'
import { issuePermit } from '../../../src/core/permit-issuer.ts'
import type { Effect } from '../../../src/core/session.ts'
import { createPostgresProtocol } from '../../../src/protocols/postgres/protocol.ts'
import { message, password, query, startup } from '../../support/pgwire/frontend.ts'
import { letIn } from '../../support/pgwire/let-in.ts'
import { alone, UNMASKED } from '../../support/session-alone.ts'

beforeAll(loadParser)

const MIB = 1024 * 1024
const PULSE = [{ kind: 'to-client', bytes: message('S', Buffer.from('client_encoding\0UTF8\0')) }]

function start(process: 'full' | 'requests-only' = 'full') {
  const limits = { statement: MIB, message: MIB, buffered: MIB, prepared: 10, token: 1000 }
  const settings = { process, methods: ['token'], trustedFunctions: [], pulses: true, limits } as const
  return createPostgresProtocol(settings, () => 0).start(alone())
}

function ready(process?: 'full' | 'requests-only') {
  const session = start(process)
  session.fromClient(Buffer.concat([startup({ user: 'u', database: 'd' }), password('token')]))
  const login = { user: 'u', database: 'd', settings: {}, encrypted: true }
  session.resume({ kind: 'admitted', login, masks: () => UNMASKED, looksBehind: () => false })
  session.fromServer(letIn('u'))
  if (process === 'requests-only') session.resume({ kind: 'bypassed' })
  return session
}

/** What the client hears, in bytes of one piece. */
const heard = (effects: readonly Effect[]) =>
  effects.map(({ kind, ...rest }) => ({ kind, ...('bytes' in rest && { bytes: Buffer.from(rest.bytes) }) }))

it('is a setting that the client knows, once the session is in use', () => {
  expect(heard(ready().pulse())).toEqual(PULSE)
})

it('is nothing before that, nor where results go past', () => {
  expect(start().pulse()).toEqual([])
  expect(ready('requests-only').pulse()).toEqual([])
})

it('is a byte of the row that is on its way, of which some are kept back; what is complete goes at once', () => {
  const session = ready()
  const judged = session.fromClient(query('select 1')).find(({ kind }) => kind === 'judge')
  if (judged?.kind !== 'judge') throw new Error('nothing is judged')
  session.resume({ kind: 'proceed', permit: issuePermit(judged.operation) })
  const before = message('D', Buffer.alloc(20))
  const row = message('D', Buffer.from(`\0\x01\0\0\x27\x10${'x'.repeat(10_000)}`))
  const bytes = (effects: readonly Effect[]) =>
    Buffer.concat(effects.flatMap((effect) => (effect.kind === 'to-client' ? [effect.bytes] : [])))
  const first = bytes(session.fromServer(Buffer.concat([before, row.subarray(0, 3000)])))
  expect(first.length).toBeGreaterThan(before.length)
  const pulses = Array.from({ length: 3 }, () => bytes(session.pulse()))
  expect(pulses.map(({ length }) => length)).toEqual([1, 1, 1])
  const last = bytes(session.fromServer(row.subarray(3000)))
  expect(Buffer.concat([first, ...pulses, last])).toEqual(Buffer.concat([before, row]))
  expect(heard(session.pulse())).toEqual(PULSE)
})
