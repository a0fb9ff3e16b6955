// JSON for records, of which every statement makes some: what repeats in them is kept as text.

const PLAIN = /^[ !#-[\]-~]*$/

/** As JSON.stringify gives it; most strings need no escape. */
const quoted = (text: string) => (PLAIN.test(text) ? `"${text}"` : JSON.stringify(text))

/** Members that are the same object in many records, and never change: who acts, and under which masks. */
const LASTING: ReadonlySet<string> = new Set(['actor', 'masks'])
/** Members like these, whose own members stand in their place. */
const SPREAD: ReadonlySet<string> = new Set(['of', 'made'])

/** Makes the text of an object once. */
function once(make: (value: object) => string): (value: object) => string {
  const texts = new WeakMap<object, string>()
  return (value) => {
    let text = texts.get(value)
    if (text === undefined) {
      text = make(value)
      texts.set(value, text)
    }
    return text
  }
}

const lasting = once((value) => JSON.stringify(value))
const spread = once((value) => {
  const text = JSON.stringify(value)
  return text === '{}' ? '' : `,${text.slice(1, -1)}`
})

interface Recent {
  value: string
  json: string
}

/** What a member was the last time: a prepared statement's text, what it came to, and why. */
const recent = new Map<string, Recent>()
/** In characters: longer texts would be kept for as long as no other comes. */
const KEPT_MOST = 1024

function recently(name: string, value: string): string {
  const last = recent.get(name)
  if (last?.value === value) return last.json
  const json = quoted(value)
  if (value.length > KEPT_MOST) return json
  if (last === undefined) recent.set(name, { value, json })
  else {
    last.value = value
    last.json = json
  }
  return json
}

function jsonOf(name: string, value: unknown): string | undefined {
  if (typeof value === 'string') return recently(name, value)
  if (typeof value === 'number' && Number.isFinite(value)) return String(value)
  if (typeof value === 'object' && value !== null && LASTING.has(name)) return lasting(value)
  return JSON.stringify(value)
}

/**
 * The members of a record as JSON, each behind a comma; those that are undefined are left out. `of` and `made` stand for
 * members that many records share, and have to be the same object for as long as these are the same.
 */
export function membersOf<T extends object>(record: T): string {
  let text = ''
  for (const name in record) {
    const value = record[name]
    if (typeof value === 'object' && value !== null && SPREAD.has(name)) {
      text += spread(value)
      continue
    }
    const json = jsonOf(name, value)
    if (json !== undefined) text += `,"${name}":${json}`
  }
  return text
}
