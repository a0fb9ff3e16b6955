// A text that is prepared again is judged as it was, but only under the very same circumstances.
import { beforeAll, describe, expect, it } from 'vitest'
import { loadParser } from '../../../src/analysis/postgres/analyze.ts'
import type { Masker } from '../../../src/core/masking.ts'
import { issuePermit } from '../../../src/core/permit-issuer.ts'
import type { Effect } from '../../../src/core/session.ts'
import { createMasker } from '../../../src/masking/masker.ts'
import { createPostgresProtocol } from '../../../src/protocols/postgres/protocol.ts'
import { message, parse, password, query, startup, sync } from '../../support/pgwire/frontend.ts'
import { letIn } from '../../support/pgwire/let-in.ts'
import { alone, UNMASKED } from '../../support/session-alone.ts'

beforeAll(loadParser)

const MIB = 1024 * 1024
const TEXT = 'SELECT 1 WHERE 1 = 1'
const OTHER = 'SELECT 1 WHERE 1 = 2'
const REFUSED = 'SELECT 666'

interface Circumstances {
  masks?: () => Masker
  /** of what was let through: does it stand? */
  stands?: () => boolean
}

function started(process: 'full' | 'requests-only', { masks = () => UNMASKED, stands }: Circumstances = {}) {
  const limits = { statement: MIB, message: MIB, buffered: MIB, prepared: 10, token: 1000 }
  const settings = { process, methods: ['token'], trustedFunctions: [], limits } as const
  const session = createPostgresProtocol(settings, () => 0).start(alone())
  const judged: string[] = []
  const toServer: Uint8Array[] = []
  const toClient: Uint8Array[] = []

  function carryOut(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'close') throw new Error(effect.reason)
      if (effect.kind === 'to-server') toServer.push(effect.bytes)
      if (effect.kind === 'to-client') toClient.push(effect.bytes)
      if (effect.kind !== 'judge') continue
      const { operation } = effect
      judged.push(operation.text)
      carryOut(
        session.resume(
          operation.text === REFUSED
            ? { kind: 'refused', refusal: { code: 'denied', message: 'no' } }
            : { kind: 'proceed', permit: issuePermit(operation), ...(stands && { stands }) },
        ),
      )
    }
  }
  session.fromClient(Buffer.concat([startup({ user: 'u', database: 'd' }), password('token')]))
  const login = { user: 'u', database: 'd', settings: {}, encrypted: true }
  session.resume({ kind: 'admitted', login, masks, looksBehind: () => false })
  session.fromServer(letIn('u'))
  if (process === 'requests-only') session.resume({ kind: 'bypassed' })

  /** Gives what was judged, and what the server got. */
  function send(...messages: readonly Uint8Array[]) {
    judged.length = 0
    toServer.length = 0
    carryOut(session.fromClient(Buffer.concat(messages)))
    return { judged: [...judged], sent: Buffer.concat(toServer) }
  }
  const hear = (...messages: readonly Uint8Array[]) => carryOut(session.fromServer(Buffer.concat(messages)))
  return { send, hear }
}

const segment = (sql = TEXT, types: readonly number[] = []) => Buffer.concat([parse({ sql, types }), sync()])
const READY = message('Z', Buffer.from('I'))
const PARSED = Buffer.concat([message('1'), READY])

describe.each(['full', 'requests-only'] as const)('%s', (process) => {
  it('is judged once, and sent each time', () => {
    const { send } = started(process)
    expect(send(segment())).toEqual({ judged: [TEXT], sent: segment() })
    expect(send(segment())).toEqual({ judged: [], sent: segment() })
    expect(send(segment(), segment())).toEqual({ judged: [], sent: Buffer.concat([segment(), segment()]) })
  })

  it('is judged anew with another text, also one that is analysed alike', () => {
    const { send } = started(process)
    send(segment())
    expect(send(segment(OTHER)).judged).toEqual([OTHER])
    expect(send(segment()).judged).toEqual([TEXT])
  })

  it('is judged anew when the policy is another', () => {
    let masker = UNMASKED
    const { send } = started(process, { masks: () => masker })
    send(segment())
    masker = createMasker([], { key: () => Promise.reject(new Error('no key')) as never }, 'app')
    expect(send(segment()).judged).toEqual([TEXT])
    expect(send(segment()).judged).toEqual([])
  })

  it('is judged anew when what was decided does not stand any more', () => {
    let stands = true
    const { send } = started(process, { stands: () => stands })
    send(segment())
    expect(send(segment()).judged).toEqual([])
    stands = false
    expect(send(segment()).judged).toEqual([TEXT])
  })

  it('is judged each time when it is refused', () => {
    const { send } = started(process)
    send(segment())
    const { judged, sent } = send(segment(REFUSED))
    expect(judged).toEqual([REFUSED])
    expect(sent.includes(REFUSED)).toBe(false)
    expect(send(segment(REFUSED)).judged).toEqual([REFUSED])
  })

  it('is judged anew once the role may be another', () => {
    const { send, hear } = started(process)
    send(segment())
    const set = 'SET ROLE other'
    expect(send(query(set)).judged).toEqual([set])
    if (process === 'full') hear(PARSED, message('C', Buffer.from('SET\0')), READY)
    const { judged, sent } = send(segment())
    // Where it sees answers, the session asks for the role first.
    expect(judged).toEqual(process === 'full' ? [] : [TEXT])
    expect(sent.includes(TEXT)).toBe(process !== 'full')
  })
})

it('is judged in a transaction that has failed', () => {
  const { send, hear } = started('full')
  send(segment())
  hear(PARSED)
  expect(send(segment()).judged).toEqual([])
  hear(message('1'), message('Z', Buffer.from('E')))
  expect(send(segment()).judged).toEqual([TEXT])
})

it('is judged anew with parameters of somebody’s own types', () => {
  const { send } = started('full')
  send(segment())
  expect(send(segment(TEXT, [23])).judged).toEqual([])
  expect(send(segment(TEXT, [99_999])).judged).toEqual([TEXT])
  expect(send(segment(TEXT, [99_999])).judged).toEqual([TEXT])
})
