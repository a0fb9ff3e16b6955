// Two sidestreams of one connection: they meet by Envoy's id for it, and whatever is amiss closes the connection.
import { describe, expect, it } from 'vitest'
import type { ProcessingRequest, ProcessingResponse } from '../../../src/envoy/codec.ts'
import { filterState, PAIR_KEY, SOURCE_KEY } from '../../../src/envoy/connection-facts.ts'
import { createLogin } from '../../../src/envoy/login-service.ts'
import { createPairs, type Pairs } from '../../../src/envoy/pairs.ts'
import { createRequestsOnlySession, createSession } from '../../../src/envoy/session-service.ts'
import type { SidestreamWriter } from '../../../src/envoy/sidestream.ts'
import type { Connection, Downlink } from '../../../src/gateway/connection.ts'

interface Written {
  readonly sent: ProcessingResponse[]
  failed: string | undefined
}

function writer(): SidestreamWriter & Written {
  const sent: ProcessingResponse[] = []
  return {
    sent,
    failed: undefined,
    send: (response) => void sent.push(response),
    close() {},
    end() {},
    fail(_, details) {
      this.failed ??= details
    },
  }
}

const attributes = (pair?: string): ProcessingRequest['attributes'] => ({
  'envoy.filters.network.ext_proc': {
    [filterState(SOURCE_KEY)]: '127.0.0.1:1',
    ...(pair !== undefined && { [filterState(PAIR_KEY)]: pair }),
  },
})
const data = (text: string) => ({ bytes: Buffer.from(text), endOfStream: false })
const read = (text: string, pair?: string) => ({ read: data(text), attributes: attributes(pair) })
const write = (text: string, pair?: string) => ({ write: data(text), attributes: attributes(pair) })

function open(pairs: Pairs, pair: string) {
  const out = writer()
  const events: string[] = []
  let downlink: Downlink | undefined
  const log = (what: string) => (bytes: Uint8Array) => void events.push(`${what} ${Buffer.from(bytes)}`)
  const session = createRequestsOnlySession(
    out,
    'app',
    (_, link): Connection => {
      downlink = link
      return {
        fromClient: log('client'),
        fromServer: log('server'),
        clientEnded: () => void events.push('client ended'),
        serverEnded: () => void events.push('server ended'),
        bypassed: () => void events.push('bypassed'),
        aborted: () => void events.push('aborted'),
      }
    },
    pairs,
  )
  session.request(read('hello', pair))
  return { session, out, events, bypass: () => downlink?.bypass() }
}

describe('a login’s sidestream', () => {
  it('gives the target’s bytes to its own session, and passes the session’s on', () => {
    const pairs = createPairs()
    const [one, two] = [open(pairs, 'one'), open(pairs, 'two')]
    const out = writer()
    const login = createLogin(out, pairs)
    login.request(read('startup', 'two'))
    login.request(write('ready'))
    expect(out.sent).toEqual([{ read: data('startup') }])
    expect(two.events).toEqual(['client hello', 'server ready'])
    expect(one.events).toEqual(['client hello'])
  })

  it.each([
    ['without an id', undefined],
    ['with the id of no session', 'stranger'],
  ])('%s closes its connection and passes nothing on', (_, pair) => {
    const pairs = createPairs()
    open(pairs, 'one')
    const out = writer()
    createLogin(out, pairs).request(read('startup', pair))
    expect(out).toMatchObject({ sent: [], failed: 'a login without its session' })
  })

  it('of a session that has one already, or is gone, closes its connection', () => {
    const pairs = createPairs()
    const { session } = open(pairs, 'one')
    createLogin(writer(), pairs).request(read('startup', 'one'))
    const second = writer()
    createLogin(second, pairs).request(read('startup', 'one'))
    expect(second.failed).toBeDefined()
    session.gone()
    const third = writer()
    createLogin(third, pairs).request(read('startup', 'one'))
    expect(third.failed).toBeDefined()
  })

  it('steps aside when it is asked to, and the session hears when it has', () => {
    const pairs = createPairs()
    const { events, bypass, out: sessionOut } = open(pairs, 'one')
    const out = writer()
    const login = createLogin(out, pairs)
    login.request(read('startup', 'one'))
    bypass()
    expect(out.sent.at(-1)).toEqual({ bypass: true })
    expect(events).toEqual(['client hello'])
    login.gone()
    expect(events).toEqual(['client hello', 'bypassed'])
    expect(sessionOut.failed).toBeUndefined()
  })

  it('that ends before it was asked to step aside takes its session with it', () => {
    const pairs = createPairs()
    const { out } = open(pairs, 'one')
    const login = createLogin(writer(), pairs)
    login.request(read('startup', 'one'))
    login.gone()
    expect(out.failed).toBeDefined()
  })

  it('that gets bytes after it was asked to step aside takes its session with it', () => {
    const pairs = createPairs()
    const { out, bypass } = open(pairs, 'one')
    const login = createLogin(writer(), pairs)
    login.request(read('startup', 'one'))
    bypass()
    login.lost?.(write('notice'))
    expect(out.failed).toBeDefined()
  })
})

describe('a session’s sidestream', () => {
  it('that is given results closes its connection: Envoy runs another configuration', () => {
    const { session, out, events } = open(createPairs(), 'one')
    session.request(write('rows'))
    expect(out.failed).toBeDefined()
    expect(events).toEqual(['client hello'])
  })

  it('with the id of another that lives closes its connection', () => {
    const pairs = createPairs()
    open(pairs, 'one')
    const second = open(pairs, 'one')
    expect(second.out.failed).toBeDefined()
    expect(second.events).toEqual([])
  })

  it('that asks to let results past before there is a login closes its connection', () => {
    const { out, bypass } = open(createPairs(), 'one')
    bypass()
    expect(out.failed).toBeDefined()
  })

  it('of a resource that is processed in full, with the id of one that is not, closes its connection', () => {
    const out = writer()
    createSession(out, 'app', () => {
      throw new Error('it was accepted')
    }).request(read('hello', 'one'))
    expect(out.failed).toBeDefined()
  })
})
