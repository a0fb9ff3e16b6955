// What a client receives of a program, and whether two worlds answer alike.
import type { BackendMessage } from '../../support/pgwire/backend.ts'
import { bind, describe, execute, parse, query, sync } from '../../support/pgwire/frontend.ts'
import type { PgWireClient } from '../../support/pgwire.ts'

/** A value of one world and that of the other which masks may show in its place: their own tokens. */
export interface Allowed {
  has(one: Buffer, two: Buffer): boolean
  add(one: Buffer, two: Buffer): void
}

export function createAllowed(): Allowed {
  const pairs = new Set<string>()
  const keyOf = (one: Buffer, two: Buffer) => `${one.toString('hex')} ${two.toString('hex')}`
  return { has: (one, two) => pairs.has(keyOf(one, two)), add: (one, two) => void pairs.add(keyOf(one, two)) }
}

/** Simple queries, or the same statements in the extended protocol with binary results. */
export type Style = 'simple' | 'extended'

/** What the session makes of the transaction afterwards: nothing of a program stays. */
const AFTER = ['rollback; deallocate all; unlisten *; reset all']
/** More than a statement takes: it is stopped after two seconds. */
const WITHIN = 20_000
/** Numbers of processes and of sessions are nobody's secret. */
const PROCESS = /"pid":\d+/g
/** What a description of rows says by OID. */
const OIDS: ReadonlySet<string> = new Set(['table', 'type'])

export function messagesOf(program: readonly string[], style: Style): readonly Uint8Array[] {
  if (style === 'simple') return ['begin', ...program, ...AFTER].map(query)
  const statements = program.flatMap((sql) => [
    parse({ sql }),
    bind({ resultFormats: [1] }),
    describe('P'),
    execute(),
    sync(),
  ])
  return [query('begin'), ...statements, ...AFTER.map(query)]
}

const ANSWERED = new Set([...'QS'].map((type) => type.charCodeAt(0)))

/** @returns undefined when the session ended */
export async function answersTo(
  client: PgWireClient,
  sent: readonly Uint8Array[],
): Promise<readonly BackendMessage[] | undefined> {
  client.send(...sent)
  const messages: BackendMessage[] = []
  for (let open = sent.filter((bytes) => ANSWERED.has(bytes[0] ?? 0)).length; open > 0; ) {
    const message = await client.next(WITHIN).catch((error: Error) => error)
    if (message instanceof Error) {
      if (/timeout/.test(message.message)) throw message
      return undefined
    }
    messages.push(message)
    if (message.kind === 'ReadyForQuery') open -= 1
  }
  return messages
}

/**
 * Where two worlds answer otherwise; undefined where they do not.
 * @param newest the highest OID that both worlds were made with
 */
export function difference(
  one: readonly BackendMessage[],
  two: readonly BackendMessage[],
  allowed: Allowed,
  newest: number,
): string | undefined {
  const [ofOne, ofTwo] = [numbering(newest), numbering(newest)]
  for (let n = 0; n < Math.max(one.length, two.length); n += 1) {
    const [a, b] = [one[n], two[n]]
    if (a?.kind === 'DataRow' && b?.kind === 'DataRow' && a.values.length === b.values.length) {
      if (a.values.every((value, at) => alike(value, b.values[at] ?? null, allowed))) continue
    }
    const [left, right] = [shown(a, ofOne), shown(b, ofTwo)]
    if (left !== right) return `${left}\n   against ${right}`
  }
  return undefined
}

function alike(one: Buffer | null, two: Buffer | null, allowed: Allowed): boolean {
  if (one === null || two === null) return one === two
  return one.equals(two) || neutral(one).equals(neutral(two)) || allowed.has(one, two)
}

/** The names of the databases are of one length. */
const neutral = (value: Buffer) => Buffer.from(value.toString('latin1').replaceAll('_two', '_one'), 'latin1')

/** OIDs of what a program made, in the order in which it sees them: all databases take theirs from one counter. */
function numbering(newest: number): (oid: number) => number | string {
  const seen = new Map<number, string>()
  return (oid) => {
    if (oid <= newest) return oid
    const name = seen.get(oid) ?? `made ${seen.size + 1}`
    seen.set(oid, name)
    return name
  }
}

function shown(message: BackendMessage | undefined, numbered: (oid: number) => number | string): string {
  if (message === undefined) return 'nothing'
  const text = JSON.stringify(message, (key, value: unknown) => {
    if (typeof value === 'number' && OIDS.has(key)) return numbered(value)
    return isBuffer(value) ? Buffer.from(value.data).toString('latin1') : value
  })
  return text.replace(PROCESS, '"pid":0').replaceAll('_two', '_one')
}

function isBuffer(value: unknown): value is { readonly type: 'Buffer'; readonly data: number[] } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'type' in value &&
    value.type === 'Buffer' &&
    'data' in value
  )
}
