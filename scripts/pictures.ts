// The film strip of the README: a statement is held, approved in the console, and goes through. Taken from a run with the real
// servers, a stock psql and a real Chromium (npm run pictures); the terminal's text is what psql wrote at that moment.
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { logInAs, startBrowser } from '../test/support/browser.ts'
import { startStack } from '../test/support/stack.ts'

const FOLDER = new URL('../docs/pictures/', import.meta.url)
const TERMINAL = { width: 760, height: 560 }
const CONSOLE = { width: 1120, height: 640 }
const STATEMENT =
  "UPDATE orders SET status = 'paid'\nWHERE id IN (SELECT id FROM orders WHERE total > 50 AND status = 'open');\n"
/** Characters of a line of the terminal. */
const WRAP = 78

async function takePicture(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: new URL(`${name}.png`, FOLDER).pathname })
}

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

const folded = (text: string) =>
  text
    .split('\n')
    .flatMap((line) => line.match(new RegExp(`.{1,${WRAP}}(?= |$)|.{1,${WRAP}}`, 'g')) ?? [''])
    .join('\n')

async function showTerminal(page: Page, text: string): Promise<void> {
  await page.setContent(`<style>
    body { margin: 0; background: #f6f7f9; font: 14px/1.55 "DejaVu Sans Mono", monospace; }
    div { margin: 24px; border-radius: 10px; background: #14171b; color: #e7eaee; overflow: hidden; }
    p { margin: 0; padding: 9px 14px; background: #262c34; color: #a2acb8; font-size: 12px; }
    pre { margin: 0; padding: 16px 14px; min-height: 420px; white-space: pre-wrap; font: inherit; }
  </style><div><p>ann — psql</p><pre>${escaped(folded(text))}</pre></div>`)
}

async function main(): Promise<void> {
  mkdirSync(FOLDER, { recursive: true })
  const stack = await startStack({ console: {} })
  const browser = await startBrowser()
  try {
    const groups = ['approvers']
    stack.issuers.people.setPerson({ subject: 'rita', groups, email: 'rita@example.com' })
    const token = await stack.tokens.person(['engineers'], { subject: 'ann' })
    const terminal = await browser.newPage({ viewport: TERMINAL })
    const reviewer = await browser.newPage({ viewport: CONSOLE })
    await logInAs(reviewer, `${stack.admin}/requests`, 'rita')

    const env = { PATH: process.env['PATH'], PGPASSWORD: token, LC_ALL: 'C.UTF-8' }
    const client = spawn('psql', ['-X', '-a', '-f', '-', stack.conninfo()], { env })
    let written = ''
    for (const stream of [client.stdout, client.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        written += text.replaceAll('psql:<stdin>:2: ', '')
      })
    }
    const ended = new Promise((resolve) => client.once('close', resolve))
    client.stdin.end(`${STATEMENT}SELECT id, status FROM orders ORDER BY id;\n`)

    await reviewer.locator('.item a').click()
    await reviewer.getByRole('button', { name: 'Approve' }).waitFor()
    await showTerminal(terminal, written)
    await takePicture(terminal, 'held-1-terminal')
    await reviewer.getByLabel('Reason').fill('ticket 4711')
    await takePicture(reviewer, 'held-2-console')
    await reviewer.getByRole('button', { name: 'Approve' }).click()
    await ended
    await reviewer.locator('[data-part=state] .tag.consumed').waitFor()
    await showTerminal(terminal, written)
    await takePicture(terminal, 'held-3-terminal')
    process.stdout.write(
      `${readFileSync(new URL('held-1-terminal.png', FOLDER)).length} bytes and more in docs/pictures\n`,
    )
  } finally {
    await browser.close()
    await stack.stop()
  }
}

await main()
