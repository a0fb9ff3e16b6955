// JSON for records, of which every statement makes some: what repeats in them is kept as text.
import { once } from './once.ts'

const PLAIN = /^[ !#-[\]-~]*$/

/** As JSON.stringify gives it; most strings need no escape. */
const quoted = (text: string) => (PLAIN.test(text) ? `"${text}"` : JSON.stringify(text))

/** Members that are the same object in many records, and never change: who acts, and under which masks. */
const LASTING: ReadonlySet<string> = new Set(['actor', 'masks'])
/** Members like these, whose own members stand in their place. */
const SPREAD: ReadonlySet<string> = new Set(['of', 'made'])

const lasting = once((value: object) => JSON.stringify(value))
const spread = once((value: object) => {
  const text = JSON.stringify(value)
  return text === '{}' ? '' : `,${text.slice(1, -1)}`
})

interface Recent {
  value: string
  member: string
}

/** What a member was the last time: a prepared statement's text, what it came to, and why. */
const recent = new Map<string, Recent>()
/** In characters: longer texts would be kept for as long as no other comes. */
const KEPT_MOST = 1024

/** Each member is one text: a text that is made of fewer is made, and written, sooner. */
function recently(name: string, value: string): string {
  const last = recent.get(name)
  if (last?.value === value) return last.member
  const member = `,"${name}":${quoted(value)}`
  if (value.length > KEPT_MOST) return member
  if (last === undefined) recent.set(name, { value, member })
  else {
    last.value = value
    last.member = member
  }
  return member
}

/** Behind its comma; empty for what JSON has no text for. */
function memberOf(name: string, value: unknown): string {
  if (value === undefined) return ''
  if (typeof value === 'string') return recently(name, value)
  if (typeof value === 'number' && Number.isFinite(value)) return `,"${name}":${value}`
  if (typeof value === 'object' && value !== null) {
    if (SPREAD.has(name)) return spread(value)
    if (LASTING.has(name)) return `,"${name}":${lasting(value)}`
    if (Array.isArray(value) && value.length === 0) return `,"${name}":[]`
  }
  const json = JSON.stringify(value)
  return json === undefined ? '' : `,"${name}":${json}`
}

/**
 * The members of a record as JSON, each behind a comma; those that are undefined are left out. `of` and `made` stand for
 * members that many records share, and have to be the same object for as long as these are the same.
 */
export function membersOf<T extends object>(record: T): string {
  let text = ''
  for (const name in record) text += memberOf(name, record[name])
  return text
}
