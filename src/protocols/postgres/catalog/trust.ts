// Functions that the configuration vouches for: `schema.name` for all of that name, `schema.name(type, type)` for one.
import type { Routine } from './answer.ts'

export type Trust = (routine: Routine) => boolean

/** Names of types that people write, and what the server calls them. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['int', 'integer'],
  ['int2', 'smallint'],
  ['int4', 'integer'],
  ['int8', 'bigint'],
  ['float4', 'real'],
  ['float8', 'double precision'],
  ['float', 'double precision'],
  ['decimal', 'numeric'],
  ['bool', 'boolean'],
  ['varchar', 'character varying'],
  ['char', 'character'],
  ['bpchar', 'character'],
  ['timestamp', 'timestamp without time zone'],
  ['timestamptz', 'timestamp with time zone'],
  ['time', 'time without time zone'],
  ['timetz', 'time with time zone'],
  ['varbit', 'bit varying'],
])

function typeName(text: string): string {
  const name = text
    .trim()
    .replace(/\s+/g, ' ')
    .replace(/^pg_catalog\./, '')
  const plain = name.replace(/(\s*\[\])+$/, '')
  return (ALIASES.get(plain) ?? plain) + (plain === name ? '' : '[]')
}

export const signature = ({ schema, name, arguments: types }: Routine): string =>
  `${schema}.${name}(${types.map(typeName).join(', ')})`

function normalized(entry: string): string {
  const open = entry.indexOf('(')
  const types = entry.slice(open + 1).replace(/\)\s*$/, '')
  const list = types.trim() === '' ? '' : types.split(',').map(typeName).join(', ')
  return `${entry.slice(0, open).trim()}(${list})`
}

export function createTrust(entries: readonly string[]): Trust {
  const names = new Set(entries.filter((entry) => !entry.includes('(')))
  const signatures = new Set(entries.filter((entry) => entry.includes('(')).map(normalized))
  return (routine) => {
    // A dot or a parenthesis inside a name could make another's out of it.
    if (/[.(]/.test(routine.schema + routine.name)) return false
    return names.has(`${routine.schema}.${routine.name}`) || signatures.has(signature(routine))
  }
}
