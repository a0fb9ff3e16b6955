// What operators see of live sessions, and whom they can end.
import { describe, expect, it } from 'vitest'
import type { Refusal } from '../../../src/core/errors.ts'
import type { SqlOperation } from '../../../src/core/operation.ts'
import { SHOWN_OF_OPERATION } from '../../../src/core/sessions-view.ts'
import { createCurrentOperation, liveSessions, sessionView } from '../../../src/gateway/live-sessions.ts'
import type { LiveSession } from '../../../src/gateway/registry.ts'
import { reviewer } from '../../support/approvals-values.ts'

const operation = (parts: Partial<SqlOperation>): SqlOperation => ({
  kind: 'sql',
  sequence: 1,
  text: 'SELECT 1',
  facts: { statements: [], fingerprint: '' },
  phase: 'query',
  parameters: [],
  behind: [],
  ...parts,
})
const completed = (sequence: number) => ({ kind: 'completed', sequence, tag: '', rows: 0, bytes: 0 }) as const

describe('the current operation of a session', () => {
  it('is the one that was judged last, until it is seen to end', () => {
    const current = createCurrentOperation()
    expect(current.view(false)).toEqual({})
    current.began(operation({ sequence: 1 }))
    current.began(operation({ sequence: 2, text: 'SELECT 2' }))
    current.observed(completed(1))
    expect(current.view(true).operation).toMatchObject({ text: 'SELECT 2', truncated: false, held: true })
    current.observed(completed(2))
    expect(current.view(false)).toEqual({})
  })

  it('is none while something is only prepared, and none after an error', () => {
    const current = createCurrentOperation()
    current.began(operation({ phase: 'prepare' }))
    expect(current.view(false)).toEqual({})
    current.began(operation({}))
    current.observed({ kind: 'failed', sqlstate: '42501', message: '' })
    expect(current.view(false)).toEqual({})
  })

  it('is cut to what is shown', () => {
    const current = createCurrentOperation()
    current.began(operation({ text: 'x'.repeat(SHOWN_OF_OPERATION + 1) }))
    const { text = '', truncated } = current.view(false).operation ?? {}
    expect([text.length, truncated]).toEqual([SHOWN_OF_OPERATION, true])
  })
})

describe('live sessions', () => {
  function live(id: string, admitted: boolean) {
    const refusals: Refusal[] = []
    const bytes = { fromClient: 1, toClient: 2 }
    const facts = { resource: 'app', peer: { source: '10.0.0.1:1' } }
    const who = { principal: reviewer('ann'), since: 1, database: 'app', application: undefined }
    const session: LiveSession = {
      id,
      resource: 'app',
      principal: admitted ? 'somebody' : undefined,
      serverKey: undefined,
      view: () => (admitted ? sessionView(id, facts, who, { bytes }) : undefined),
      cancelHold: () => false,
      canceled: () => undefined,
      policyChanged: () => undefined,
      stop: () => undefined,
      takenIn: () => 0,
      refuse: (refusal) => void refusals.push(refusal),
    }
    return { session, refusals }
  }

  it('are those that are admitted', async () => {
    const all = [live('a', true), live('b', false)].map(({ session }) => session)
    const { sessions } = await liveSessions({ all: () => all }).list()
    expect(sessions.map(({ id }) => id)).toEqual(['a'])
  })

  it('end with who ended them, and why; who only knocks is nobody’s to end', async () => {
    const [a, b] = [live('a', true), live('b', false)]
    const sessions = liveSessions({ all: () => [a.session, b.session] })
    expect(await sessions.end('a', reviewer('rita'), 'looks wrong')).toBe('ended')
    expect(a.refusals).toEqual([
      { code: 'terminated', message: 'terminating connection: ended by rita: looks wrong' },
    ])
    const turning = { ...reviewer('rita'), name: 'rita\u202e' }
    expect(await sessions.end('a', turning, 'x')).toBe('ended')
    expect(a.refusals.at(-1)?.message).toContain('ended by rita\\u{202e}: x')
    expect(await sessions.end('b', reviewer('rita'), 'x')).toBe('not-found')
    expect(await sessions.end('c', reviewer('rita'), 'x')).toBe('not-found')
    expect(b.refusals).toEqual([])
  })
})
