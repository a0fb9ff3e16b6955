// The frame of every page: head, way around, who is logged in.
import { html } from 'hono/html'
import { printable } from '../../core/printable.ts'
import type { Access, Restricted } from '../access.ts'
import { ICON_PATH, SCRIPT_PATH, STYLE_PATH } from './assets.ts'
import { type Html, NOTHING } from './html.ts'
import type { Login } from './logins.ts'
import { visible } from './visible.ts'

export type Place = 'requests' | 'history' | 'sessions' | 'recordings' | 'policy' | 'notifications'

export interface Visitor {
  readonly login: Login
  readonly access: Access
}

export interface PageOptions {
  readonly title: string
  readonly place?: Place
  /** seconds after which a page without script loads itself again */
  readonly reload?: number
  /** what the script does: `events` looks again at each change of a request, a number every so many milliseconds */
  readonly live?: 'events' | number
}

export const PLACES: readonly {
  readonly place: Place
  readonly text: string
  readonly needs?: Restricted
}[] = [
  { place: 'requests', text: 'Waiting' },
  { place: 'history', text: 'History' },
  { place: 'sessions', text: 'Sessions', needs: 'sessions' },
  { place: 'recordings', text: 'Recordings', needs: 'recordings' },
  { place: 'policy', text: 'Policy', needs: 'policy' },
  { place: 'notifications', text: 'Notifications', needs: 'notifications' },
]

function navigation({ access }: Visitor, current: Place | undefined): Html {
  const links = PLACES.filter(({ needs }) => needs === undefined || access[needs]).map(
    ({ place, text }) =>
      html`<li><a href="/${place}"${place === current ? html` aria-current="page"` : NOTHING}>${text}</a></li>`,
  )
  return html`<nav aria-label="Pages"><ul>${links}</ul></nav>`
}

export function csrfField({ csrf }: Login): Html {
  return html`<input type="hidden" name="csrf" value="${csrf}">`
}

function whoami({ login }: Visitor): Html {
  const { name, groups } = login.principal
  const title = groups.length === 0 ? 'in no group' : `in ${groups.join(', ')}`
  return html`<form class="whoami" method="post" action="/auth/logout">
      ${csrfField(login)}<span title="${printable(title)}">${visible(name)}</span>
      <button class="quiet">Log out</button>
    </form>`
}

/** @param visitor absent on pages for those who are not logged in */
export function page(options: PageOptions, visitor: Visitor | undefined, content: Html): Html {
  const { title, place, reload, live } = options
  return html`<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>${printable(title)} · Chaperone</title>
  <link rel="stylesheet" href="${STYLE_PATH}">
  <link rel="icon" type="image/svg+xml" href="${ICON_PATH}">
  ${reload === undefined ? NOTHING : html`<noscript><meta http-equiv="refresh" content="${String(reload)}"></noscript>`}
  <script defer src="${SCRIPT_PATH}"></script>
</head>
<body${live === undefined ? NOTHING : html` data-live="${String(live)}"`}>
  <a class="skip" href="#content">To the content</a>
  <header class="top">
    <a class="brand" href="/requests">Chaperone</a>
    ${visitor === undefined ? NOTHING : navigation(visitor, place)}
    ${visitor === undefined ? NOTHING : whoami(visitor)}
  </header>
  <main id="content" tabindex="-1">${content}</main>
  ${live === undefined ? NOTHING : html`<p class="stale" role="status" hidden>This page could not be brought up to date. <a href="">Load it again</a></p>`}
</body>
</html>`
}
