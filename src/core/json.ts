// JSON for records, of which every statement makes some: what repeats in them is kept as text.
import { once } from './once.ts'

/**
 * Characters that JSON lets stand and that do something to whoever reads a line: a terminal obeys C1 controls, bidirectional
 * overrides turn what is around them, and many readers of lines take U+0085, U+2028 and U+2029 for the end of one.
 */
const UNSAFE = /[\u007f-\u009f\u2028\u2029]|\p{Cf}/gu

/** Most are, and to see it takes a tenth of the time. */
const SAFE = /^[\n -~]*$/

const codeUnit = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
const codeUnits = (character: string) => character.split('').map(codeUnit).join('')

/** JSON as it was, for whoever parses it, with an escape in place of each character that does something to a line or a terminal. */
export const safeJson = (json: string): string => (SAFE.test(json) ? json : json.replace(UNSAFE, codeUnits))

const jsonOf = (value: unknown): string | undefined => {
  const json = JSON.stringify(value) as string | undefined
  return json && safeJson(json)
}

const PLAIN = /^[ !#-[\]-~]*$/

/** As JSON.stringify gives it; most strings need no escape. */
const quoted = (text: string) => (PLAIN.test(text) ? `"${text}"` : safeJson(JSON.stringify(text)))

/** Members that are the same object in many records, and never change: who acts, and under which masks. */
const LASTING: ReadonlySet<string> = new Set(['actor', 'masks'])
/** Members like these, whose own members stand in their place. */
const SPREAD: ReadonlySet<string> = new Set(['of', 'made'])

const lasting = once((value: object) => safeJson(JSON.stringify(value)))
const spread = once((value: object) => {
  const text = safeJson(JSON.stringify(value))
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
  const json = jsonOf(value)
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
