// JSON for records, of which every statement makes some: what repeats in them is kept as text.

const PLAIN = /^[ !#-[\]-~]*$/

/** As JSON.stringify gives it; most strings need no escape. */
const quoted = (text: string) => (PLAIN.test(text) ? `"${text}"` : JSON.stringify(text))

/** Members that are the same object in many records, and never change: who acts, and rules and functions of a decision. */
const LASTING: ReadonlySet<string> = new Set(['actor', 'rules', 'shadow', 'functions'])
const texts = new WeakMap<object, string>()

function lasting(value: object): string {
  let text = texts.get(value)
  if (text === undefined) {
    text = JSON.stringify(value)
    texts.set(value, text)
  }
  return text
}

function jsonOf(name: string, value: unknown): string | undefined {
  if (typeof value === 'string') return quoted(value)
  if (typeof value === 'object' && value !== null && LASTING.has(name)) return lasting(value)
  return JSON.stringify(value)
}

/** The members of a record as JSON, each behind a comma; those that are undefined are left out. */
export function membersOf<T extends object>(record: T): string {
  let text = ''
  for (const name in record) {
    const json = jsonOf(name, record[name])
    if (json !== undefined) text += `,"${name}":${json}`
  }
  return text
}
