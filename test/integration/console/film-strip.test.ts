// The pictures of the README are made here, by every run.
import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startBrowser } from '../../support/browser.ts'
import { STRIP, takeFilmStrip } from '../../support/film-strip.ts'
import { type Stack, startStack } from '../../support/stack.ts'

let stack: Stack
let browser: Browser
beforeAll(async () => {
  stack = await startStack({ console: {} })
  browser = await startBrowser()
})
afterAll(async () => {
  await browser?.close()
  await stack?.stop()
})

it('a statement is held, approved in the console, and goes through in the same session', async () => {
  stack.issuers.people.setPerson({ subject: 'rita', groups: ['approvers'], email: 'rita@example.com' })
  const begun = Date.now()
  const film = await takeFilmStrip(
    stack,
    browser,
    await stack.tokens.person(['engineers'], { subject: 'ann' }),
    'rita',
  )
  expect(film.held).toContain('NOTICE:  chaperone: held for approval as request ')
  expect(film.held).toContain(`${stack.admin}/requests/`)
  expect(film.held).not.toContain('UPDATE 1')
  expect(film.asked).toMatch(/^pending/)
  expect(film.asked).toContain('Approve')
  expect(film.approved).toMatch(/^consumed/)
  expect(film.approved).toMatch(/1 of 1 approved ?approved rita@example\.com .*“ticket 4711”/)
  expect(film.approved).not.toContain('Kept with the decision')
  expect(film.through.startsWith(film.held)).toBe(true)
  expect(film.through.slice(film.held.length)).toMatch(/^UPDATE 1\n/)
  expect(film.through).toMatch(/12 \| 250\.00 \| paid\n/)
  for (const name of ['held-1-terminal', 'held-2-console', 'held-3-approved', 'held-4-terminal']) {
    expect(statSync(join(STRIP, `${name}.png`)).mtimeMs).toBeGreaterThan(begun)
  }
})
