// Sequences of messages against a real server: what runs is what was judged, and nothing hangs.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Operation } from '../../../src/core/operation.ts'
import type { Judgement } from '../../support/bridge.ts'
import { type BridgeServer, MASKS, startBridgeServer } from '../../support/bridge-server.ts'
import { type BackendMessage, ofKind, textRows } from '../../support/pgwire/backend.ts'
import * as f from '../../support/pgwire/frontend.ts'
import type { PgWireClient } from '../../support/pgwire.ts'

let server: BridgeServer
beforeAll(async () => {
  server = await startBridgeServer()
  await server.postgres.query('CREATE TABLE sheet (id int, note text)')
})
afterAll(() => server.stop())

const REFUSED = { code: 'denied', message: 'no deletes', hint: 'Ask first.' } as const
const noDeletes = (operation: Operation): Judgement =>
  operation.facts.statements.some(({ accesses }) => accesses.some(({ effect }) => effect === 'delete'))
    ? REFUSED
    : undefined
/** Deletes are refused only when they are to run. */
const noDeletesAtExecute = (operation: Operation): Judgement =>
  operation.phase === 'prepare' ? undefined : noDeletes(operation)

async function answers(client: PgWireClient, ...messages: Uint8Array[]): Promise<BackendMessage[]> {
  client.send(...messages)
  return client.until('ReadyForQuery')
}

const errors = (messages: readonly BackendMessage[]) =>
  ofKind(messages, 'ErrorResponse').map(({ fields }) => `${fields.C} ${fields.M}`)
const status = (messages: readonly BackendMessage[]) => ofKind(messages, 'ReadyForQuery').map((m) => m.status)
const tags = (messages: readonly BackendMessage[]) => ofKind(messages, 'CommandComplete').map((m) => m.tag)
const segment = (sql: string) => [f.parse({ sql }), f.bind({}), f.execute(), f.sync()]

describe('a refused statement', () => {
  it('is an error like the server’s own: outside of a transaction nothing changes', async () => {
    const { client } = await server.client({ judge: noDeletes })
    const refused = await answers(client, f.query('DELETE FROM orders'))
    expect(errors(refused)).toEqual(['42501 chaperone: no deletes'])
    expect(status(refused)).toEqual(['I'])
    expect(textRows(await answers(client, f.query('SELECT count(*) FROM orders')))).toEqual([['3']])
  })

  it('fails its transaction, which the client can roll back', async () => {
    const { client } = await server.client({ judge: noDeletes })
    await answers(client, f.query('BEGIN'))
    expect(status(await answers(client, f.query('DELETE FROM orders')))).toEqual(['E'])
    const after = await answers(client, f.query('SELECT 1'))
    expect(errors(after)[0]).toMatch(/^25P02/)
    expect(status(await answers(client, f.query('ROLLBACK')))).toEqual(['I'])
  })

  it('keeps all statements of its text from running', async () => {
    const { client } = await server.client({ judge: noDeletes })
    await answers(client, f.query("INSERT INTO orders VALUES (9, 'x'); DELETE FROM orders; SELECT 1"))
    expect(textRows(await answers(client, f.query('SELECT count(*) FROM orders')))).toEqual([['3']])
  })

  it('is refused at Parse, and the server skips to Sync', async () => {
    const { client, bridge } = await server.client({ judge: noDeletes })
    const refused = await answers(client, ...segment('DELETE FROM orders'))
    expect(refused.map(({ kind }) => kind)).toEqual(['ErrorResponse', 'ReadyForQuery'])
    expect(tags(await answers(client, ...segment('SELECT 1')))).toEqual(['SELECT 1'])
    expect(Buffer.concat(bridge.traffic[0]?.toServer ?? []).includes('DELETE')).toBe(false)
  })

  it('is refused at Execute, and the rest of its segment is skipped', async () => {
    const { client } = await server.client({ judge: noDeletesAtExecute })
    const messages = [
      ...segment('DELETE FROM orders').slice(0, -1),
      ...segment("INSERT INTO orders VALUES (9, 'x')"),
    ]
    const refused = await answers(client, ...messages)
    expect(refused.map(({ kind }) => kind)).toEqual([
      'ParseComplete',
      'BindComplete',
      'ErrorResponse',
      'ReadyForQuery',
    ])
    expect(textRows(await answers(client, f.query('SELECT count(*) FROM orders')))).toEqual([['3']])
  })

  it('does not stop the other segments of a pipeline', async () => {
    const { client } = await server.client({ judge: noDeletes })
    client.send(...segment('SELECT 1'), ...segment('DELETE FROM orders'), ...segment('SELECT 2'))
    expect(tags(await client.until('ReadyForQuery'))).toEqual(['SELECT 1'])
    expect(errors(await client.until('ReadyForQuery'))).toEqual(['42501 chaperone: no deletes'])
    expect(tags(await client.until('ReadyForQuery'))).toEqual(['SELECT 1'])
  })

  it('may be a function call', async () => {
    const { client } = await server.client()
    const refused = await answers(client, f.functionCall({ function: 1598, values: [] }))
    expect(errors(refused)[0]).toMatch(/^0A000/)
    expect(tags(await answers(client, f.query('SELECT 1')))).toEqual(['SELECT 1'])
  })
})

describe('a name stands for what the server holds under it', () => {
  it.each([false, true])(
    'after a Parse that failed because the name was taken (in one write: %s)',
    async (once) => {
      const { client } = await server.client({ judge: noDeletesAtExecute })
      const first = [f.parse({ name: 's', sql: 'DELETE FROM orders' }), f.sync()]
      const second = [f.parse({ name: 's', sql: 'SELECT 1' }), f.sync()]
      const third = [f.bind({ statement: 's' }), f.execute(), f.sync()]
      if (once) client.send(...first, ...second, ...third)
      if (!once) client.send(...first)
      expect(status(await client.until('ReadyForQuery'))).toEqual(['I'])
      if (!once) client.send(...second)
      expect(errors(await client.until('ReadyForQuery'))[0]).toMatch(/^42P05/)
      if (!once) client.send(...third)
      expect(errors(await client.until('ReadyForQuery'))).toEqual(['42501 chaperone: no deletes'])
    },
  )

  it('after Close and another Parse', async () => {
    const { client } = await server.client({ judge: noDeletesAtExecute })
    await answers(client, f.parse({ name: 's', sql: 'SELECT 1' }), f.sync())
    const again = [f.close('S', 's'), f.parse({ name: 's', sql: 'DELETE FROM orders' })]
    const messages = await answers(client, ...again, f.bind({ statement: 's' }), f.execute(), f.sync())
    expect(errors(messages)).toEqual(['42501 chaperone: no deletes'])
  })

  it('after SQL replaced what the protocol prepared', async () => {
    const { client } = await server.client({ judge: noDeletesAtExecute })
    await answers(client, f.parse({ name: 's', sql: 'SELECT 1' }), f.sync())
    await answers(client, f.query('DEALLOCATE s'))
    // The definition itself is refused, since it could be executed without a question.
    expect(errors(await answers(client, f.query('PREPARE s AS DELETE FROM orders')))).toHaveLength(1)
    await answers(client, f.parse({ name: 's', sql: 'DELETE FROM orders' }), f.sync())
    expect(errors(await answers(client, f.query('EXECUTE s')))).toEqual(['42501 chaperone: no deletes'])
  })

  it('when one prepared statement executes another', async () => {
    const { client } = await server.client({ judge: noDeletesAtExecute })
    await answers(client, f.parse({ name: 'a', sql: 'DELETE FROM orders' }), f.sync())
    await answers(client, f.parse({ name: 'b', sql: 'EXECUTE a' }), f.sync())
    expect(errors(await answers(client, f.query('EXECUTE b')))).toEqual(['42501 chaperone: no deletes'])
  })

  it('so an approval for EXECUTE is not one for a statement that was put under the name later', async () => {
    const { client, bridge } = await server.client()
    await answers(client, f.parse({ name: 's', sql: 'SELECT 1' }), f.sync())
    await answers(client, f.query('EXECUTE s'))
    await answers(client, f.close('S', 's'), f.parse({ name: 's', sql: 'SELECT 2' }), f.sync())
    await answers(client, f.query('EXECUTE s'))
    const executed = bridge.traffic[0]?.operations.filter(({ text }) => text === 'EXECUTE s') ?? []
    expect(new Set(executed.map(({ facts }) => facts.fingerprint)).size).toBe(2)
  })

  it('and a portal goes on after PortalSuspended without another question', async () => {
    const { client, bridge } = await server.client({ masks: MASKS ?? [] })
    await answers(client, f.query('BEGIN'))
    const open = [f.parse({ sql: 'SELECT id, ssn FROM customers' }), f.bind({ portal: 'p' })]
    const first = await answers(client, ...open, f.execute('p', 1), f.sync())
    expect(ofKind(first, 'PortalSuspended')).toHaveLength(1)
    const rest = await answers(client, f.execute('p', 0), f.sync())
    expect([...textRows(first), ...textRows(rest)].map(([id]) => id)).toEqual(['1', '2'])
    expect(bridge.traffic[0]?.operations.filter(({ phase }) => phase === 'execute')).toHaveLength(1)
  })

  it('and a Describe that an error skipped does not keep the rows of its portal back', async () => {
    const { client } = await server.client({ masks: MASKS ?? [] })
    await answers(client, f.query('BEGIN'))
    await answers(client, f.parse({ sql: 'SELECT item FROM orders' }), f.bind({ portal: 'p' }), f.sync())
    await answers(client, f.query('SAVEPOINT here'))
    await answers(client, f.parse({ sql: 'SELECT nothing' }), f.describe('P', 'p'), f.sync())
    await answers(client, f.query('ROLLBACK TO here'))
    expect(textRows(await answers(client, f.execute('p'), f.sync()))).toHaveLength(3)
  })
})

describe('nothing waits for ever', () => {
  it('when a Bind must wait for an earlier segment and the open one has no Sync yet', async () => {
    const { client } = await server.client()
    const first = [f.parse({ name: 'a', sql: 'SELECT 1' }), f.sync()]
    const second = [
      f.parse({ name: 'b', sql: 'SELECT 2' }),
      f.bind({ statement: 'a' }),
      f.execute(),
      f.sync(),
    ]
    client.send(...first, ...second)
    await client.until('ReadyForQuery')
    expect(textRows(await client.until('ReadyForQuery'))).toEqual([['1']])
  })

  it('when a segment fails while the catalog is asked for its next statement', async () => {
    const { client } = await server.client({ masks: MASKS ?? [] })
    const failing = [f.parse({ sql: 'SELECT 1/0' }), f.bind({}), f.execute()]
    const messages = await answers(client, ...failing, ...segment('SELECT item FROM orders'))
    expect(errors(messages)[0]).toMatch(/^22012/)
    expect(textRows(await answers(client, f.query('SELECT 1')))).toEqual([['1']])
  })

  it('when the question to the catalog itself fails in an open segment', async () => {
    const { client } = await server.client({ masks: MASKS ?? [] })
    await answers(client, f.query("SET statement_timeout = '1ms'"))
    const open = [f.parse({ name: 'x', sql: 'SELECT 1' })]
    await answers(client, ...open, ...segment('SELECT item FROM orders'))
    await answers(client, f.query('SET statement_timeout = 0'))
    expect(textRows(await answers(client, f.query('SELECT 1')))).toEqual([['1']])
  })

  it('when a hold ends in the middle of a pipeline', async () => {
    let release = (): void => undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const judge = (operation: Operation) =>
      operation.text === 'SELECT 2' && operation.phase === 'execute' ? held.then(() => undefined) : undefined
    const { client } = await server.client({ judge })
    client.send(...segment('SELECT 1'), ...segment('SELECT 2'), ...segment('SELECT 3'))
    expect(textRows(await client.until('ReadyForQuery'))).toEqual([['1']])
    await client.silence(100)
    release()
    expect(textRows(await client.until('ReadyForQuery'))).toEqual([['2']])
    expect(textRows(await client.until('ReadyForQuery'))).toEqual([['3']])
  })
})

describe('COPY', () => {
  const copyIn = (rows: string) => [f.copyData(rows), f.copyDone()]

  it('takes data that was sent right behind the query', async () => {
    const { client } = await server.client()
    client.send(f.query('SELECT 1'), f.query('COPY sheet FROM STDIN'), ...copyIn('1\tone\n2\ttwo\n'))
    await client.until('ReadyForQuery')
    expect(tags(await client.until('ReadyForQuery'))).toEqual(['COPY 2'])
    expect(tags(await answers(client, f.query('SELECT 1')))).toEqual(['SELECT 1'])
  })

  it('ignores a Sync that comes before the data, as the server does, also behind other statements', async () => {
    const { client } = await server.client()
    const before = segment('SELECT 1').slice(0, -1)
    client.send(...before, ...segment('COPY sheet FROM STDIN'), ...copyIn('3\tthree\n'), f.sync())
    expect(tags(await client.until('ReadyForQuery'))).toEqual(['SELECT 1', 'COPY 1'])
    expect(tags(await answers(client, ...segment('SELECT 1')))).toEqual(['SELECT 1'])
  })

  it('takes the data of two COPYs in one query, sent in one write', async () => {
    const { client } = await server.client()
    client.send(
      f.query('COPY sheet FROM STDIN; COPY sheet FROM STDIN'),
      ...copyIn('4\tx\n'),
      ...copyIn('5\ty\n6\tz\n'),
    )
    expect(tags(await client.until('ReadyForQuery'))).toEqual(['COPY 1', 'COPY 2'])
  })

  it('that fails leaves the session usable', async () => {
    const { client } = await server.client()
    client.send(f.query('COPY sheet FROM STDIN'), ...copyIn('no number\tx\n'))
    expect(errors(await client.until('ReadyForQuery'))[0]).toMatch(/^22P02/)
    client.send(...segment('COPY sheet FROM STDIN'), f.copyData('no number\tx\n'), f.copyDone(), f.sync())
    expect(errors(await client.until('ReadyForQuery'))[0]).toMatch(/^22P02/)
    client.send(f.query('COPY sheet FROM STDIN'), f.copyFail('changed my mind'))
    expect(errors(await client.until('ReadyForQuery'))[0]).toMatch(/^57014/)
    expect(tags(await answers(client, f.query('SELECT 1')))).toEqual(['SELECT 1'])
  })

  it('that is refused swallows nothing but its own data', async () => {
    const judge = (operation: Operation): Judgement =>
      operation.facts.statements.some(({ copy }) => copy === 'in') ? REFUSED : undefined
    const { client } = await server.client({ judge })
    client.send(f.query('COPY sheet FROM STDIN'), ...copyIn('7\tx\n'), f.query('SELECT 1'))
    expect(errors(await client.until('ReadyForQuery'))).toHaveLength(1)
    expect(tags(await client.until('ReadyForQuery'))).toEqual(['SELECT 1'])
  })

  it('through EXECUTE of a statement that the protocol prepared does not lose step', async () => {
    const { client, bridge } = await server.client()
    await answers(client, f.parse({ name: 's', sql: 'COPY sheet FROM STDIN' }), f.sync())
    client.send(f.query('EXECUTE s'), ...copyIn('8\tx\n'), f.query('SELECT 8'))
    await client.until('ReadyForQuery')
    expect(textRows(await client.until('ReadyForQuery'))).toEqual([['8']])
    expect(bridge.traffic[0]?.thrown).toBeUndefined()
  })

  it('out gives the rows', async () => {
    const { client } = await server.client()
    const messages = await answers(client, f.query('COPY orders TO STDOUT'))
    expect(ofKind(messages, 'CopyData').map(({ data }) => data.toString())).toEqual([
      '1\ttea\n',
      '2\tsalt\n',
      '3\trope\n',
    ])
  })
})

describe('a message over the limit is an error and the session goes on', () => {
  const limits = { statement: 2000, message: 4000 }
  const long = `SELECT '${'x'.repeat(5000)}'`

  it('as a Query, a Parse and a Bind', async () => {
    const { client } = await server.client({ limits })
    expect(errors(await answers(client, f.query(long)))[0]).toMatch(/^54000/)
    expect(errors(await answers(client, ...segment(long)))[0]).toMatch(/^54000/)
    const bind = f.bind({ values: ['x'.repeat(5000)] })
    const messages = [f.parse({ sql: 'SELECT $1::text' }), bind, f.execute(), f.sync()]
    expect(errors(await answers(client, ...messages))[0]).toMatch(/^54000/)
    expect(tags(await answers(client, f.query('SELECT 1')))).toEqual(['SELECT 1'])
  })

  it('as CopyData', async () => {
    const { client } = await server.client({ limits })
    client.send(f.query('COPY sheet FROM STDIN'), f.copyData('x'.repeat(5000)), f.copyDone())
    expect(errors(await client.until('ReadyForQuery'))[0]).toMatch(/^57014/)
    expect(tags(await answers(client, f.query('SELECT 1')))).toEqual(['SELECT 1'])
  })
})

describe('a session that lasts', () => {
  it('may use more names than it may hold at once', async () => {
    const { client } = await server.client({ limits: { prepared: 20 } })
    for (let i = 0; i < 60; i += 1) {
      const name = `s${i}`
      const own = [
        f.parse({ name, sql: 'SELECT 1' }),
        f.bind({ portal: `p${i}`, statement: name }),
        f.execute(`p${i}`),
      ]
      expect(tags(await answers(client, ...own, f.close('S', name), f.sync()))).toEqual(['SELECT 1'])
    }
  })

  it('may deallocate with SQL what it prepared', async () => {
    const { client } = await server.client({ limits: { prepared: 20 } })
    for (let i = 0; i < 60; i += 1) {
      expect(errors(await answers(client, f.parse({ name: `s${i}`, sql: 'SELECT 1' }), f.sync()))).toEqual([])
      expect(errors(await answers(client, f.query(`PREPARE t${i} AS SELECT 1; EXECUTE t${i}`)))).toEqual([])
      expect(errors(await answers(client, f.query(`DEALLOCATE s${i}; DEALLOCATE t${i}`)))).toEqual([])
    }
  })
})

describe('what Chaperone itself says', () => {
  it('does not land in the middle of a row', async () => {
    const { client, bridge } = await server.client()
    client.pause()
    client.send(f.query("SELECT repeat('x', 50000000)"))
    const traffic = bridge.traffic[0]
    const sent = () => Buffer.concat(traffic?.toClient.slice(1) ?? []).length
    while (sent() < 100_000) await new Promise((resolve) => setTimeout(resolve, 1))
    traffic?.notify('hello')
    client.resume()
    const messages = await client.until('ReadyForQuery')
    // behind the row, or behind all of the answer: it depends on how far the server had come
    if (ofKind(messages, 'NoticeResponse').length === 0) await client.expect('NoticeResponse')
    expect(ofKind(messages, 'DataRow')[0]?.values[0]?.length).toBe(50_000_000)
  })
})
