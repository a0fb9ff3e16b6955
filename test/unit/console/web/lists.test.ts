// Pages of what may be long: they look at no more of it than they show.
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { excerpt } from '../../../../src/console/web/statement.ts'
import { createRecorder } from '../../../../src/recording/recorder.ts'
import { approvalInput } from '../../../support/approvals-values.ts'
import { stage } from '../../../support/console-routes.ts'
import { header, statement } from '../../../support/recording.ts'
import { type TemporaryDirectory, temporaryDirectory } from '../../../support/tmp.ts'

describe('the page of a recording', () => {
  let home: TemporaryDirectory
  beforeEach(() => {
    home = temporaryDirectory('console')
  })
  afterEach(() => home.remove())

  it('reads so many bytes of statements and results, wherever in the recording it is to begin', async () => {
    const recordings = join(home.path, 'recordings')
    const session = createRecorder(
      { directory: recordings, level: 'commands', max_session: 1e9 },
      () => 0,
    ).open(header)
    const text = `SELECT '${'x'.repeat(1024 * 1024)}'`
    for (let sequence = 0; sequence < 17; sequence++) session.append({ ...statement, sequence, text })
    session.close('client left')
    const settings = { client_id: 'console', scopes: ['openid'], idle: 60_000, session: 60_000 }
    const { as } = stage({ recordings, settings: { ...settings, auditors: ['staff'] } })
    const page = await as('ann').page('/recordings/s-1?from=9999999')
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
