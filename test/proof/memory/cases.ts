// What is read, how, and how much memory it may cost.
import { bind, execute, parse, query, sync } from '../../support/pgwire/frontend.ts'
import type { ResourceInput } from '../../support/stack/configuration.ts'
import type { Stack } from '../../support/stack.ts'
import { type Drained, drain, type Pace } from './drain.ts'
import { type Memory, watchMemory } from './watch.ts'

export interface Case {
  readonly name: string
  /** `app` has no windows */
  readonly resource: 'app' | 'windowed'
  readonly way: 'simple' | 'extended' | 'copy'
  readonly pace: Pace
  /** it is known to grow (docs/performance.md) */
  readonly known?: boolean
}

export const RESOURCES: Readonly<Record<string, Partial<ResourceInput>>> = { windowed: { window: '1MiB' } }

export const CASES: readonly Case[] = [
  { name: 'windows-fast', resource: 'windowed', way: 'extended', pace: 'fast' },
  { name: 'windows-slow', resource: 'windowed', way: 'extended', pace: 'slow' },
  { name: 'windows-query', resource: 'windowed', way: 'simple', pace: 'fast' },
  { name: 'windows-query-slow', resource: 'windowed', way: 'simple', pace: 'slow' },
  { name: 'copy-slow', resource: 'app', way: 'copy', pace: 'slow', known: true },
  { name: 'copy-fast', resource: 'app', way: 'copy', pace: 'fast', known: true },
  { name: 'whole-fast', resource: 'app', way: 'extended', pace: 'fast', known: true },
]

/** Rows of 1,000 bytes and some. */
const ROW = 1000
/** What fills the caches and heaps of both before it counts, in bytes. */
const WARM = 50e6

const MESSAGES: Readonly<Record<Case['way'], (sql: string) => Uint8Array[]>> = {
  simple: (sql) => [query(sql)],
  extended: (sql) => [parse({ sql }), bind({}), execute(), sync()],
  copy: (sql) => [query(`COPY (${sql}) TO STDOUT`)],
}

const rowsOf = (bytes: number) =>
  `SELECT repeat('x', ${ROW}) FROM generate_series(1, ${Math.ceil(bytes / ROW)})`

export interface Played extends Drained {
  /** of Envoy and of the services */
  readonly memory: readonly Memory[]
  /** MiB by which the one that grew more grew */
  readonly grown: number
}

/** @param size bytes of the result, about */
export async function play(stack: Stack, { resource, way, pace }: Case, size: number): Promise<Played> {
  const target = { host: stack.host, port: stack.portOf(resource), ca: stack.ca }
  const token = await stack.tokens.person(['engineers'])
  await drain(target, token, MESSAGES[way](rowsOf(WARM)), pace)
  const watched = watchMemory({ Envoy: stack.envoy.pid, services: stack.services.pid })
  const drained = await drain(target, token, MESSAGES[way](rowsOf(size)), pace).finally(watched.stop)
  const memory = watched.stop()
  return { ...drained, memory, grown: Math.max(...memory.map(({ before, most }) => most - before)) }
}
