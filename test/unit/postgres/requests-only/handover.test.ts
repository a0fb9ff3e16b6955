// The moment between the login and the first statement: the server's bytes are let past, and until they are nothing may
// be sent to it and nobody is told anything.
import { beforeAll, expect, it } from 'vitest'
import { loadParser } from '../../../../src/analysis/postgres/analyze.ts'
import type { Effect, ProtocolSession } from '../../../../src/core/session.ts'
import { createPostgresProtocol } from '../../../../src/protocols/postgres/protocol.ts'
import { password, query, startup } from '../../../support/pgwire/frontend.ts'
import { letIn, READY } from '../../../support/pgwire/let-in.ts'
import { alone, UNMASKED } from '../../../support/session-alone.ts'

beforeAll(loadParser)

const MIB = 1024 * 1024

function start(): ProtocolSession {
  const limits = { statement: MIB, message: MIB, buffered: MIB, prepared: 10, token: 1000 }
  const settings = { process: 'requests-only', methods: ['token'], trustedFunctions: [], limits } as const
  return createPostgresProtocol(settings, () => 0).start(alone())
}

/** A session that is admitted and whose target has said that it is ready. */
function handover(early: Uint8Array = new Uint8Array(0)): {
  session: ProtocolSession
  effects: readonly Effect[]
} {
  const session = start()
  session.fromClient(Buffer.concat([startup({ user: 'u', database: 'd' }), password('token'), early]))
  const login = { user: 'u', database: 'd', settings: {}, encrypted: true }
  session.resume({ kind: 'admitted', login, masks: () => UNMASKED, looksBehind: () => false })
  return { session, effects: session.fromServer(letIn('u')) }
}

const kinds = (effects: readonly Effect[]) => effects.map(({ kind }) => kind)

it('once the target is ready, and told what is in force, its bytes are let past, and the client hears nothing yet', () => {
  expect(kinds(handover().effects)).toEqual(['to-server', 'bypass'])
})

it('what the client sends meanwhile is judged only after the bypass', () => {
  const { session, effects } = handover(query('select 1'))
  expect(kinds(effects)).toEqual(['to-server', 'bypass'])
  expect(session.fromClient(query('select 2'))).toEqual([])
  expect(kinds(session.resume({ kind: 'bypassed' }))).toEqual(['cancel-key', 'observe', 'to-client', 'judge'])
})

it('what the target says meanwhile ends the session', () => {
  const { session } = handover()
  expect(kinds(session.fromServer(READY))).toEqual(['to-client', 'close'])
})

it('a target that sends more than its readiness ends the session', () => {
  const { session } = handover()
  session.resume({ kind: 'bypassed' })
  expect(kinds(session.fromServer(READY))).toEqual(['close'])
})

it('a bypass that nobody asked for ends the session', () => {
  expect(kinds(start().resume({ kind: 'bypassed' }))).toEqual(['to-client', 'close'])
})

it('a session with masks is not begun', () => {
  const session = start()
  session.fromClient(Buffer.concat([startup({ user: 'u', database: 'd' }), password('token')]))
  const masker = { ...UNMASKED, active: true }
  const login = { user: 'u', database: 'd', settings: {}, encrypted: true }
  expect(
    kinds(session.resume({ kind: 'admitted', login, masks: () => masker, looksBehind: () => false })),
  ).toEqual(['to-client', 'close'])
})

it('an idle session that is ended says nothing: a result may be on its way past it', () => {
  const { session } = handover()
  session.resume({ kind: 'bypassed' })
  expect(kinds(session.terminate({ code: 'session-expired', message: 'over' }))).toEqual(['close'])
})

it('a session that is ended while the client’s first message waits tells it why', () => {
  const { session } = handover()
  session.resume({ kind: 'bypassed' })
  session.fromClient(query('select 1'))
  expect(kinds(session.notify('wait'))).toEqual(['to-client'])
  expect(kinds(session.terminate({ code: 'session-expired', message: 'over' }))).toEqual([
    'to-client',
    'close',
  ])
})
