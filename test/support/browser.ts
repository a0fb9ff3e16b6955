// A real Chromium without a window: CHROMIUM_BIN, else the one on PATH. scripts/setup.sh --test installs Debian's.
import { existsSync, mkdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome']

function findChromium(): string {
  const named = process.env['CHROMIUM_BIN']
  if (named !== undefined && named !== '') return named
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const found = NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) =>
    existsSync(path),
  )
  if (found === undefined) throw new Error('there is no Chromium: install it, or set CHROMIUM_BIN')
  return found
}

/** Its own sandbox needs what containers and root do not have; it opens pages of these tests only. */
const ARGUMENTS = ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--hide-scrollbars']

export function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: findChromium(), args: ARGUMENTS })
}

export const PHONE: BrowserContextOptions = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 }
export const DESKTOP: BrowserContextOptions = { viewport: { width: 1280, height: 860 } }

/** Pictures of a test run; git ignores the folder. */
const PICTURES = fileURLToPath(new URL('../../artefacts/console/', import.meta.url))

export async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(PICTURES, { recursive: true })
  await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true })
}

/** Opens a page of the console as this person, who logs in at the issuer's own page. */
export async function logInAs(page: Page, url: string, subject: string): Promise<void> {
  await page.goto(url)
  await page.getByLabel('Subject').fill(subject)
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.waitForURL((at) => at.origin === new URL(url).origin)
}
