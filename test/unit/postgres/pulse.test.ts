// What keeps a session alive between client and target while it has nothing to say: only where it changes nothing.
import { beforeAll, expect, it } from 'vitest'
import { loadParser } from '../../../src/analysis/postgres/analyze.ts'
import type { Effect } from '../../../src/core/session.ts'
import { createPostgresProtocol } from '../../../src/protocols/postgres/protocol.ts'
import { message, password, startup } from '../../support/pgwire/frontend.ts'
import { letIn } from '../../support/pgwire/let-in.ts'
import { alone, UNMASKED } from '../../support/session-alone.ts'

beforeAll(loadParser)

const MIB = 1024 * 1024
const PULSE = [{ kind: 'to-client', bytes: message('S', Buffer.from('client_encoding\0UTF8\0')) }]

function start(process: 'full' | 'requests-only' = 'full') {
  const limits = { statement: MIB, message: MIB, buffered: MIB, prepared: 10, token: 1000 }
  const settings = { process, methods: ['token'], trustedFunctions: [], limits } as const
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
