// Pages of what may be long: they look at no more of it than they show.
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { excerpt } from '../../../../src/console/web/statement.ts'
import type { StatementEvent } from '../../../../src/recording/event.ts'
import { createRecorder } from '../../../../src/recording/recorder.ts'
import { approvalInput, reviewer } from '../../../support/approvals-values.ts'
import { stage } from '../../../support/console-routes.ts'
import { header, statement } from '../../../support/recording.ts'
import { type TemporaryDirectory, temporaryDirectory } from '../../../support/tmp.ts'

describe('the page of a recording', () => {
  let home: TemporaryDirectory
  beforeEach(() => {
    home = temporaryDirectory('console')
  })
  afterEach(() => home.remove())

  const LONG = 'x'.repeat(1024 * 1024)
  it.each<[string, Partial<StatementEvent>]>([
    ['statements', { text: `SELECT '${LONG}'` }],
    ['parameters', { parameters: [{ kind: 'null' }, { kind: 'text', value: LONG }] }],
  ])('reads so many bytes of %s, wherever in the recording it is to begin', async (_, long) => {
    const recordings = join(home.path, 'recordings')
    const session = createRecorder(
      { directory: recordings, level: 'commands', max_session: 1e9 },
      () => 0,
    ).open(header)
    for (let sequence = 0; sequence < 17; sequence++) session.append({ ...statement, sequence, ...long })
    session.close('client left')
    const { as } = stage({ recordings, who: { auditors: ['staff'] } })
    const page = await as('ann').page('/recordings/s-1?from=9999999')
    expect(page).toContain('The rest is more than is read here')
  })

  it('reads no line of more bytes than that, and shows what is before it', async () => {
    const recordings = join(home.path, 'recordings')
    const options = { directory: recordings, level: 'commands', max_session: 1e9 } as const
    const session = createRecorder(options, () => 0).open(header)
    session.append({ ...statement, text: 'SELECT before' })
    session.flush()
    // A character in which the line has six.
    const value = '\u0001'.repeat(3 * 1024 * 1024)
    session.append({ ...statement, text: 'SELECT long', parameters: [{ kind: 'text', value }] })
    session.close('client left')
    const { as } = stage({ recordings, who: { auditors: ['staff'] } })
    const page = await as('ann').page('/recordings/s-1')
    expect(page).toContain('SELECT before')
    expect(page).not.toContain('SELECT long')
    expect(page).toContain('The rest is more than is read here')
  })
})

describe('the list of what waits', () => {
  const idsOf = (page: string) => [...page.matchAll(/id="r-([a-z2-7]{26})"/g)].map(([, id]) => id)

  it('begins with whoever waits longest, says how many wait, and leads to those that it does not show', async () => {
    const { approvals, as } = stage()
    const ids: string[] = []
    for (let n = 0; n < 205; n++) {
      ids.push((await approvals.create(approvalInput({ principal: `https://id.example#${n}` }))).id)
    }
    const first = await as('ann').page('/requests')
    expect(idsOf(first)).toEqual(ids.slice(0, 200))
    expect(first).toContain('<title>205 waiting')
    expect(first).toContain('200 of 205 are shown')
    const [, next = ''] = /href="(\/requests\?after=[^"]+)"/.exec(first) ?? []
    const second = await as('ann').page(next)
    expect(idsOf(second)).toEqual(ids.slice(200))
    expect(second).toContain('<title>205 waiting')
    expect(second).toContain('<a href="/requests">From the beginning</a>')
    expect(idsOf(await as('ann').page('/requests?after=1.x'))).toEqual(ids.slice(0, 200))
  })
})

describe('what a list shows of a statement', () => {
  it('is the statement, where its asker says first and at length why', async () => {
    const { approvals, as } = stage()
    const why = `ticket 4711 ${'x'.repeat(300)}`
    const text = `/* reason: ${why} */ DELETE FROM accounts /* reason: none */`
    await approvals.create({ ...approvalInput({ text }), stated: why })
    expect(await as('ann').page('/requests')).toContain('<pre>DELETE FROM accounts /* reason: none */</pre>')
    // What is no reason is part of what runs.
    await approvals.create(approvalInput({ text: '/* reason: */ SELECT 1' }))
    expect(await as('ann').page('/requests')).toContain('<pre>/* reason: */ SELECT 1</pre>')
  })
})

describe('history', () => {
  const idsOf = (page: string) => [...page.matchAll(/id="r-([a-z2-7]{26})"/g)].map(([, id]) => id)

  async function past() {
    const { approvals, as } = stage()
    const make = async (more: object = {}) => (await approvals.create({ ...approvalInput(), ...more })).id
    const denied = await make({ rules: ['held-deletes'] })
    await approvals.vote(denied, reviewer('ben'), 'deny', 'use <staging>')
    const approved = await make({ rules: ['held-updates'] })
    await approvals.vote(approved, reviewer('ann'), 'approve', 'ticket 4711')
    const withdrawn = await make()
    await approvals.withdraw(withdrawn, 'its client left')
    const waiting = await make()
    const history = async (query = '') => as('ann').page(`/history${query}`)
    return { approvals, denied, approved, withdrawn, waiting, history }
  }

  it('has what is decided or over, with who decided and why', async () => {
    const { denied, approved, withdrawn, waiting, history } = await past()
    const page = await history()
    expect(idsOf(page)).toEqual([withdrawn, approved, denied])
    expect(page).toContain('denied by ben: “use &lt;staging&gt;”')
    expect(page).toContain('approved by ann: “ticket 4711”')
    expect(page).toContain('its client left')
    // What is approved can still be used.
    const headings = [...page.matchAll(/(wants|asked) to update public\.accounts/g)].map(([, word]) => word)
    expect(headings).toEqual(['asked', 'wants', 'asked'])
    expect(page).not.toContain(waiting)
  })

  it('is filtered by rule, by who decided, and by day', async () => {
    const { denied, approved, withdrawn, history } = await past()
    const [today = ''] = new Date().toISOString().split('T')
    const listed = async (query: string) => idsOf(await history(query))
    expect(await listed('?rule=DELETES')).toEqual([denied])
    expect(await listed('?by=ann')).toEqual([approved])
    expect(await listed('?by=https%3A%2F%2Fid.example%23ben')).toEqual([denied])
    expect(await listed('?by=ann&state=denied')).toEqual([])
    const all = [withdrawn, approved, denied]
    expect(await listed(`?from=2020-01-01`)).toEqual(all)
    expect(await listed(`?to=${today}&from=2020-01-01`)).toEqual(all)
    expect(await listed('?to=2020-01-01')).toEqual([])
    expect(await listed('?from=2999-01-01')).toEqual([])
    // What is no day, and no state, is no filter.
    expect(await listed('?from=2026-13-45&to=x&state=nothing&rule=')).toEqual(all)
  })

  it('leads on where there is more than it shows, with the same filters', async () => {
    const { approvals, as } = stage()
    const ids: string[] = []
    for (let n = 0; n < 203; n++) {
      const { id } = await approvals.create(approvalInput({ principal: `https://id.example#${n}` }))
      await approvals.vote(id, reviewer('ben'), 'deny', 'no')
      ids.unshift(id)
    }
    const first = await as('ann').page('/history?by=ben&rule=hold')
    expect(idsOf(first)).toEqual(ids.slice(0, 200))
    expect(first).toContain('200 of 203 are shown')
    const [, next = ''] = /href="(\/history\?[^"]+)"/.exec(first) ?? []
    const second = await as('ann').page(next.replaceAll('&amp;', '&'))
    expect(idsOf(second)).toEqual(ids.slice(200))
    expect(second).toContain('<a href="/history?rule=hold&amp;by=ben">From the beginning</a>')
  })
})

describe('the beginning of a statement', () => {
  it.each([
    ['SELECT\n\t 1', 20, 'SELECT 1'],
    ['SELECT 1, 2', 8, 'SELECT 1…'],
    [`${' '.repeat(90)}SELECT 1`, 8, 'SELECT 1'],
    [`SELECT 1${' '.repeat(90)}; DROP TABLE t`, 9, 'SELECT 1…'],
  ])('of %j says whether it goes on', async (text, most, shown) => {
    expect(String(await excerpt(text, most))).toBe(`<pre>${shown}</pre>`)
  })
})
