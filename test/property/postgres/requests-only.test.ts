// Whatever fails on the server, and however the client cuts its bytes: what was refused does not run there.
import fc from 'fast-check'
import { beforeAll, expect, it } from 'vitest'
import { loadParser } from '../../../src/analysis/postgres/analyze.ts'
import { issuePermit } from '../../../src/core/permit-issuer.ts'
import type { Effect, Protocol, ProtocolSession } from '../../../src/core/session.ts'
import {
  decodeBind,
  decodeExecute,
  decodeParse,
  decodeTarget,
} from '../../../src/protocols/postgres/messages/frontend.ts'
import { createFrontendStream } from '../../../src/protocols/postgres/messages/frontend-stream.ts'
import { createPostgresProtocol } from '../../../src/protocols/postgres/protocol.ts'
import { bind, close, execute, parse, password, query, startup, sync } from '../../support/pgwire/frontend.ts'
import { letIn } from '../../support/pgwire/let-in.ts'
import { alone, UNMASKED } from '../../support/session-alone.ts'

const REFUSED = 'select 666'
const TEXTS = ['select 1', REFUSED]
let protocol: Protocol
beforeAll(async () => {
  await loadParser()
  const limits = { statement: 1e6, message: 1e6, buffered: 1e6, prepared: 100, token: 1000 }
  const settings = { process: 'requests-only', methods: ['token'], trustedFunctions: [], limits } as const
  protocol = createPostgresProtocol(settings, () => 0)
})

/** few names, so that they meet */
const name = fc.constantFrom('', 'n')
const text = fc.constantFrom('select 1', REFUSED)
const request = fc.oneof(
  { weight: 4, arbitrary: fc.record({ name, sql: text }).map(parse) },
  { weight: 2, arbitrary: fc.record({ portal: name, statement: name }).map(bind) },
  { weight: 2, arbitrary: fc.record({ name, portal: name }).map((use) => run(use.name, use.portal)) },
  { weight: 1, arbitrary: name.map((portal) => execute(portal)) },
  { weight: 1, arbitrary: text.map(query) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom('S', 'P'), name).map(([kind, of]) => close(kind as 'S', of)),
  },
)
const run = (statement: string, portal: string) =>
  Buffer.concat([bind({ portal, statement }), execute(portal)])
const segment = fc
  .array(request, { minLength: 1, maxLength: 3 })
  .map((messages) => Buffer.concat([...messages, sync()]))
const requests = fc.array(segment, { minLength: 3, maxLength: 12 })

/** Admitted, past the handover, and given the client's chunks. What it sends from then on. */
function sent(chunks: readonly Uint8Array[]): Uint8Array {
  const session = protocol.start(alone())
  const login = { user: 'u', database: 'd', settings: {}, encrypted: true }
  session.fromClient(Buffer.concat([startup({ user: 'u', database: 'd' }), password('token')]))
  session.resume({ kind: 'admitted', login, masks: () => UNMASKED, looksBehind: () => false })
  session.fromServer(letIn('u'))
  const out: Uint8Array[] = []
  carryOut(session, session.resume({ kind: 'bypassed' }), out)
  for (const chunk of chunks) carryOut(session, session.fromClient(chunk), out)
  return Buffer.concat(out)
}

function carryOut(session: ProtocolSession, effects: readonly Effect[], out: Uint8Array[]): void {
  for (const effect of effects) {
    if (effect.kind === 'to-server') out.push(effect.bytes)
    if (effect.kind === 'close') throw new Error(effect.reason)
    if (effect.kind !== 'judge') continue
    const { operation } = effect
    const refused = operation.phase !== 'prepare' && operation.text.includes(REFUSED)
    const answer = refused
      ? ({ kind: 'refused', refusal: { code: 'denied', message: 'no' } } as const)
      : ({ kind: 'proceed', permit: issuePermit(operation) } as const)
    carryOut(session, session.resume(answer), out)
  }
}

/**
 * PostgreSQL's rules on names and skipping, with failures where `fails` says so: a message that fails changes nothing
 * (a cancellation can come before a Parse drops the unnamed statement), and what follows is skipped up to Sync.
 */
function serve(bytes: Uint8Array, fails: () => boolean): string[] {
  const stream = createFrontendStream(() => 1e6)
  stream.push(bytes)
  const statements = new Map<string, string>()
  const portals = new Map<string, string>()
  const ran: string[] = []
  let skipping = false
  const failed = (impossible: boolean) => {
    skipping = impossible || fails()
    return skipping
  }
  const handlers: Readonly<Record<string, (body: Uint8Array) => void>> = {
    P(body) {
      const { name: of, sql } = decodeParse(body)
      if (!failed((of !== '' && statements.has(of)) || !TEXTS.includes(sql))) statements.set(of, sql)
    },
    B(body) {
      const { portal, statement } = decodeBind(body)
      const sql = statements.get(statement)
      if (!failed(sql === undefined || (portal !== '' && portals.has(portal)))) portals.set(portal, sql ?? '')
    },
    E(body) {
      const sql = portals.get(decodeExecute(body).portal)
      if (!failed(sql === undefined)) ran.push(sql ?? '')
    },
    C(body) {
      const { kind, name: of } = decodeTarget(body, 'Close')
      if (!failed(false)) (kind === 'statement' ? statements : portals).delete(of)
    },
    Q(body) {
      const sql = Buffer.from(body.subarray(5, -1)).toString()
      if (!fails()) statements.delete('')
      if (TEXTS.includes(sql)) ran.push(sql)
    },
    S() {
      skipping = false
    },
  }
  for (let frame = stream.next(); frame?.kind === 'message'; frame = stream.next()) {
    const type = String.fromCharCode(frame.type)
    if (!skipping || type === 'S') handlers[type]?.(frame.bytes)
  }
  return ran
}

it('no failure on the server makes it run what was refused', () => {
  fc.assert(
    fc.property(requests, fc.infiniteStream(fc.boolean()), fc.nat(2), (messages, coins, often) => {
      // one failure in two, four or eight messages
      const fails = () => Array.from({ length: often + 1 }, () => coins.next().value).every(Boolean)
      expect(serve(sent(messages), fails)).not.toContain(REFUSED)
    }),
    { numRuns: 6000 },
  )
})

it('what is sent does not depend on how the client’s bytes are cut', () => {
  fc.assert(
    fc.property(requests, fc.nat(30), (messages, size) => {
      const whole = Buffer.concat(messages)
      const step = size + 1
      const pieces = Array.from({ length: Math.ceil(whole.length / step) }, (_, n) =>
        whole.subarray(n * step, (n + 1) * step),
      )
      // what is kept back goes with the last Sync
      expect(sent([...pieces, sync()])).toEqual(sent([whole, sync()]))
    }),
    { numRuns: 300 },
  )
})
