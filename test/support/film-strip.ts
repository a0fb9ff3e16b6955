// The film strip of the README: what a person at psql and a reviewer in the console see of one held statement, as pictures of a
// real run. Nothing in them is written by hand.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { logInAs } from './browser.ts'
import { openTerminal } from './stack/terminal.ts'
import type { Stack } from './stack.ts'

/** git ignores the folder: `npm run pictures` takes them into the documentation. */
export const STRIP = fileURLToPath(new URL('../../artefacts/film-strip/', import.meta.url))

/** Pages are as long as what they show, and no frame ends before it; more pixels than they are shown with, so that they can be looked at closely. */
const FRAME = { viewport: { width: 980, height: 660 }, deviceScaleFactor: 1.5 }
/** The terminal is narrower, and so its letters are larger beside the console. */
const TERMINAL = { viewport: { width: 630, height: 520 }, deviceScaleFactor: 1.5 }

const [FIRST, SECOND] = ["UPDATE orders SET status = 'paid'", "WHERE total > 50 AND status = 'open';"]

/** What the frames show, in words. */
export interface Film {
  readonly held: string
  readonly asked: string
  readonly approved: string
  readonly through: string
}

/**
 * @param asker token of somebody whose updates of orders are held
 * @param reviewer subject of somebody who may approve them
 */
export async function takeFilmStrip(
  stack: Stack,
  browser: Browser,
  asker: string,
  reviewer: string,
): Promise<Film> {
  mkdirSync(STRIP, { recursive: true })
  const screen = await (await browser.newContext(TERMINAL)).newPage()
  const desk = await (await browser.newContext(FRAME)).newPage()
  await logInAs(desk, `${stack.admin}/requests`, reviewer)

  const psql = openTerminal({ conninfo: stack.conninfo(), password: asker })
  await psql.until(/app=> $/)
  psql.type(FIRST)
  await psql.until(/app-> $/)
  psql.type(SECOND)
  await psql.until(/requests\/\w+\n$/)
  const held = withoutGreeting(psql.text())
  await showTerminal(screen, held)
  await take(screen, 'held-1-terminal')

  await desk.locator('.item a').click()
  await desk.getByLabel('Reason').fill('ticket 4711')
  const asked = await words(desk)
  await take(desk, 'held-2-console')

  await desk.getByRole('button', { name: 'Approve' }).click()
  await psql.until(/UPDATE \d+\napp=> $/)
  await desk.locator('[data-part=state] .tag.consumed').waitFor()
  await desk.getByText('“ticket 4711”').waitFor()
  const approved = await words(desk)
  await take(desk, 'held-3-approved')

  psql.type('SELECT id, total, status FROM orders ORDER BY id;')
  await psql.until(/rows\)\n+app=> $/)
  const through = withoutGreeting(psql.text())
  await showTerminal(screen, through)
  await take(screen, 'held-4-terminal')
  await psql.ended()
  return { held, asked, approved, through }
}

/** The whole page, however long. */
async function take(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(STRIP, `${name}.png`), fullPage: true })
}

/** psql says its version and what TLS it has before it asks for the first statement. */
const withoutGreeting = (text: string) => text.slice(text.indexOf('app=> '))

const words = async (page: Page) =>
  ((await page.locator('main').textContent()) ?? '').replaceAll(/\s+/g, ' ').trim()

/** Lines end between words, where a real terminal's would end anywhere. */
const marked = (text: string) =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll(/\S+/g, (word) => `<b>${word}</b>`)

async function showTerminal(page: Page, text: string): Promise<void> {
  await page.setContent(`<style>
    html { height: 100%; }
    body { margin: 0; min-height: 100%; display: flex; flex-direction: column; background: #14171b; color: #e7eaee; }
    body { font: 15px/1.5 "DejaVu Sans Mono", monospace; }
    p { margin: 0; padding: 10px 16px; background: #262c34; color: #b6bfca; font-size: 13px; }
    pre { margin: 0; padding: 16px; white-space: pre-wrap; font: inherit; }
    b { white-space: nowrap; font: inherit; }
    i { display: inline-block; width: .6em; height: 1.15em; vertical-align: text-bottom; background: #e7eaee; }
  </style><p>ann: psql</p><pre>${marked(text)}<i></i></pre>`)
}
