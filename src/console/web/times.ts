// Times for people. The script keeps relative ones true while a page is open; the exact one is in the attribute.
import { html } from 'hono/html'
import { duration as amount } from '../../core/duration.ts'
import type { Html } from './html.ts'

/** `in 12 min` or `3 h 20 min ago`. */
export function relative(at: number): Html {
  const now = Date.now()
  const text = at >= now ? `in ${amount(at - now)}` : `${amount(now - at)} ago`
  return html`<time datetime="${iso(at)}" title="${iso(at)}" data-relative>${text}</time>`
}

/** `2026-11-26 14:03:12 UTC` */
export function instant(at: number): Html {
  const text = iso(at).replace('T', ' ').replace(/\..*$/, ' UTC')
  return html`<time datetime="${iso(at)}">${text}</time>`
}

/** How long, as `1h 02m`, `2m 03s`, `3.4 s`. */
export function duration(milliseconds: number): string {
  if (milliseconds < 60_000) return `${Number((milliseconds / 1000).toFixed(1))} s`
  if (milliseconds % 3_600_000 === 0) return `${milliseconds / 3_600_000} h`
  if (milliseconds % 60_000 === 0) return `${milliseconds / 60_000} min`
  const seconds = Math.floor(milliseconds / 1000)
  const two = (value: number) => String(value).padStart(2, '0')
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${two(seconds % 60)}s`
  return `${Math.floor(seconds / 3600)}h ${two(Math.floor(seconds / 60) % 60)}m`
}

function iso(at: number): string {
  const date = new Date(at)
  return Number.isNaN(date.getTime()) ? 'unknown' : date.toISOString()
}

const SIZES: readonly (readonly [string, number])[] = [
  ['GiB', 1024 ** 3],
  ['MiB', 1024 ** 2],
  ['KiB', 1024],
]

export function bytes(count: number): string {
  const [unit, size] = SIZES.find(([, least]) => count >= least) ?? ['B', 1]
  return unit === 'B' ? `${count} B` : `${(count / size).toFixed(1)} ${unit}`
}
