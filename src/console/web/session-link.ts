// A session's id, with the way to what it did.
import { html } from 'hono/html'
import type { Html } from './html.ts'
import type { Visitor } from './layout.ts'
import type { WebParts } from './parts.ts'
import { visible } from './visible.ts'

/** To its recording, for those who see recordings, where there are any. */
export function sessionLink(
  { recordings }: Pick<WebParts, 'recordings'>,
  { access }: Visitor,
  session: string,
): Html {
  if (recordings === undefined || !access.recordings) return visible(session)
  return html`<a href="/recordings/${encodeURIComponent(session)}">${visible(session)}</a>`
}
