// The files that pages need, with the digest of what is in them in their names.
import { createHash } from 'node:crypto'
import { SCRIPT } from './script.ts'
import { STYLE } from './style.ts'

/** Held: the sign of a pause. */
const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="7" fill="#0b5cad"/><path d="M5.5 5v6M10.5 5v6" stroke="#fff" stroke-width="2" stroke-linecap="round"/></svg>`

const digest = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 12)

export const STYLE_PATH = `/assets/console.${digest(STYLE)}.css`
export const ICON_PATH = `/assets/icon.${digest(ICON)}.svg`
export const SCRIPT_PATH = `/assets/console.${digest(SCRIPT)}.js`

export const ASSETS: ReadonlyMap<string, { readonly type: string; readonly text: string }> = new Map([
  [STYLE_PATH, { type: 'text/css; charset=utf-8', text: STYLE }],
  [SCRIPT_PATH, { type: 'text/javascript; charset=utf-8', text: SCRIPT }],
  [ICON_PATH, { type: 'image/svg+xml', text: ICON }],
])
