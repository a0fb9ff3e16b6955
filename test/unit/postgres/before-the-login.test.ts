// What a client may send before it is known, and what its login may bring, whether results go past the session or not.
import { Buffer } from 'node:buffer'
import { beforeAll, describe, expect, it } from 'vitest'
import { loadParser } from '../../../src/analysis/postgres/analyze.ts'
import type { Effect, ProtocolSession } from '../../../src/core/session.ts'
import { createPostgresProtocol } from '../../../src/protocols/postgres/protocol.ts'
import { message, password, query, startup } from '../../support/pgwire/frontend.ts'
import { letIn } from '../../support/pgwire/let-in.ts'
import { alone, UNMASKED } from '../../support/session-alone.ts'

beforeAll(loadParser)

const MIB = 1024 * 1024
const TOKEN = 1000
const ME = { user: 'u', database: 'd' }

describe.each(['full', 'requests-only'] as const)('%s', (process) => {
  function start(): ProtocolSession {
    const limits = { statement: MIB, message: MIB, buffered: MIB, prepared: 10, token: TOKEN }
    const settings = { process, methods: ['token'], trustedFunctions: [], limits } as const
    return createPostgresProtocol(settings, () => 0).start(alone())
  }

  function admitted(settings: Record<string, string>) {
    const session = start()
    session.fromClient(Buffer.concat([startup({ ...ME, ...settings }), password('token')]))
    const login = { ...ME, settings: { search_path: 'public' }, encrypted: true }
    return {
      session,
      effects: session.resume({ kind: 'admitted', login, masks: () => UNMASKED, looksBehind: () => false }),
    }
  }

  function ready(): ProtocolSession {
    const { session } = admitted({})
    session.fromServer(letIn(ME.user, 'public'))
    if (process === 'requests-only') session.resume({ kind: 'bypassed' })
    return session
  }

  it('while it is asked who somebody is, no more than a token’s length is kept of what they send', () => {
    const session = start()
    const early = query(`select '${'x'.repeat(TOKEN - 100)}'`)
    const first = session.fromClient(Buffer.concat([startup(ME), password('token'), early]))
    expect(kinds(first)).toEqual(['to-client', 'authenticate'])
    const more = session.fromClient(early)
    expect(kinds(more)).toEqual(['to-client', 'close'])
    expect(words(more)).toMatch(/54000.*more was sent than is kept before the login/)
  })

  it('once somebody is known, as much is kept as while a session waits', () => {
    const { session } = admitted({})
    expect(session.fromClient(query(`select '${'x'.repeat(100 * TOKEN)}'`))).toEqual([])
  })

  it.each<[string, () => ProtocolSession, Uint8Array]>([
    ['before the login', () => knocked(start()), message('!', Buffer.alloc(0), TOKEN)],
    ['in the session', ready, message('!', Buffer.alloc(0), 100 * TOKEN)],
  ])('a message of unknown type is known by its first bytes, %s', (_, open, bytes) => {
    expect(words(open().fromClient(bytes))).toMatch(/08P01.*unknown type "!"/)
  })

  it('an impossible length of a message ends the session with an error', () => {
    expect(words(ready().fromClient(message('Q', Buffer.alloc(0), 3)))).toMatch(/08P01.*impossible length 3/)
  })

  it('settings with which the login would be longer than the server takes are refused as such', () => {
    const { effects } = admitted({ application_name: 'x'.repeat(9950) })
    expect(kinds(effects)).toEqual(['to-client', 'close'])
    expect(words(effects)).toMatch(/54000.*the settings that were sent with the login are too long/)
  })

  it('a setting that the target does not take is told as the client’s, and not as a target that is away', () => {
    const { session } = admitted({ DateStyle: 'nonsense', TimeZone: 'UTC' })
    const error = message('E', Buffer.from('SFATAL\0VFATAL\0C22023\0Minvalid value for app_rw\0\0'))
    const effects = session.fromServer(error)
    expect(words(effects)).toMatch(
      /0A000.*a setting that was sent with the login, one of: DateStyle, TimeZone/,
    )
    expect(words(effects)).not.toContain('app_rw')
    expect(effects.at(-1)).toMatchObject({ kind: 'close', code: 'unsupported' })
  })
})

function knocked(session: ProtocolSession): ProtocolSession {
  session.fromClient(startup(ME))
  return session
}

const kinds = (effects: readonly Effect[]) => effects.map(({ kind }) => kind)
const words = (effects: readonly Effect[]) =>
  effects
    .flatMap((effect) => (effect.kind === 'to-client' ? [Buffer.from(effect.bytes).toString()] : []))
    .join('')
