// What is read, how, and how much memory it may cost.
import { bind, execute, parse, query, sync } from '../../support/pgwire/frontend.ts'
import type { ResourceInput } from '../../support/stack/configuration.ts'
import type { Stack } from '../../support/stack.ts'
import { drain, type Pace } from './drain.ts'
import { watchMemory } from './watch.ts'

export interface Case {
  readonly name: string
  /** `app` has no windows */
  readonly resource: 'app' | 'windowed'
  readonly way: 'simple' | 'extended' | 'copy'
  readonly pace: Pace
}

export const RESOURCES: Readonly<Record<string, Partial<ResourceInput>>> = { windowed: { window: '1MiB' } }

export const CASES: readonly Case[] = [
  { name: 'windows-fast', resource: 'windowed', way: 'extended', pace: 'fast' },
  { name: 'windows-slow', resource: 'windowed', way: 'extended', pace: 'slow' },
  { name: 'windows-query', resource: 'windowed', way: 'simple', pace: 'fast' },
  { name: 'copy-slow', resource: 'app', way: 'copy', pace: 'slow' },
]

/** Above what was there when the result began, in MiB. */
const FLAT = 64
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

export async function play(
  stack: Stack,
  { resource, way, pace }: Case,
  size: number,
): Promise<{ readonly told: string; readonly holds: boolean }> {
  const target = { host: stack.host, port: stack.portOf(resource), ca: stack.ca }
  const token = await stack.tokens.person(['engineers'])
  await drain(target, token, MESSAGES[way](rowsOf(WARM)), pace)
  const memory = watchMemory({ Envoy: stack.envoy.pid, services: stack.services.pid })
  const { bytes, seconds } = await drain(target, token, MESSAGES[way](rowsOf(size)), pace).finally(
    memory.stop,
  )
  const seen = memory.stop()
  const grown = seen.map(({ name, before, most }) => `${name} ${before} MiB before, ${most} at most`)
  const told = [`${(bytes / 1e6).toFixed(0)} MB in ${seconds.toFixed(1)} s`, ...grown].join('; ')
  return { told, holds: bytes >= size && seen.every(({ before, most }) => most - before <= FLAT) }
}
