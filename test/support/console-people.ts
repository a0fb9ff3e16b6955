// People of different groups before the console in a real Chromium.
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { expect } from 'vitest'
import { DESKTOP, logInAs, startBrowser } from './browser.ts'
import { type Stack, type StackOptions, startStack } from './stack.ts'

/** by subject: rita approves; oleg audits and ends sessions; nina is in no group that counts */
const PEOPLE = {
  rita: ['approvers'],
  ravi: ['approvers'],
  oleg: ['auditors', 'oncall'],
  nina: ['staff'],
  dora: ['app-oncall'],
  vera: ['approvers', 'auditors', 'oncall'],
  ann: ['engineers', 'approvers'],
}

export interface ConsolePeople {
  readonly stack: Stack
  /** the token of who asks for most */
  readonly ann: string
  /** A browser of their own for each, logged in. */
  open(subject: keyof typeof PEOPLE, path?: string, options?: BrowserContextOptions): Promise<Page>
  /** Closes all browsers. What their pages complained of (a refused script, a failed request) fails the test. */
  leave(): Promise<void>
  stop(): Promise<void>
}

export async function startConsolePeople(options: StackOptions): Promise<ConsolePeople> {
  const stack = await startStack({
    ...options,
    console: { auditors: ['auditors'], terminators: ['oncall'] },
  })
  for (const [subject, groups] of Object.entries(PEOPLE)) {
    stack.issuers.people.setPerson({ subject, groups, email: `${subject}@example.com` })
  }
  const ann = await stack.tokens.person(PEOPLE.ann, { subject: 'ann' })
  const browser: Browser = await startBrowser().catch(async (error) => {
    await stack.stop()
    throw error
  })
  const complaints: string[] = []
  return {
    stack,
    ann,
    async open(subject, path = '/requests', context = DESKTOP) {
      const page = await (await browser.newContext(context)).newPage()
      await logInAs(page, `${stack.admin}${path}`, subject)
      page.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
      })
      page.on('pageerror', (error) => complaints.push(error.message))
      return page
    },
    async leave() {
      for (const context of browser.contexts()) await context.close()
      expect(complaints.splice(0)).toEqual([])
    },
    async stop() {
      await browser.close()
      await stack.stop()
    },
  }
}

/** Nothing is beyond the edge of a phone, and no statement goes on where its box ends. */
export async function seesAll(page: Page): Promise<void> {
  expect(await page.evaluate('document.documentElement.scrollWidth'), page.url()).toBeLessThanOrEqual(390)
  const hidden = `[...document.querySelectorAll('main pre')].filter((one) =>
    !one.closest('.item') && (one.scrollHeight > one.clientHeight || one.scrollWidth > one.clientWidth)).length`
  expect(await page.evaluate(hidden)).toBe(0)
}

export const items = (page: Page) => page.locator('.item')

/** It is held. */
export const UPDATE =
  "update orders set status = 'paid', total = total * 1.1 where customer_id in (select customer_id from orders where total > 50) and id = 10 returning id, status;"

/** It is held, too, and what matters stands at the end of more lines than a screen has. */
export const LONG = `update orders set status = 'open' where id = 10 ${Array.from({ length: 40 }, (_, n) => `and id <> ${n + 100}`).join(' ')} or false;`
