// What a part of a page is: text that is markup already. Everything else that hono's `html` is given, it escapes.
import type { html } from 'hono/html'

export type Html = ReturnType<typeof html>

/** For what is shown under a condition only. */
export const NOTHING = ''
