// What a stack holds at a moment: connections, sidestreams, descriptors, memory. Afterwards it must be what it was before.
import { readdirSync, readFileSync } from 'node:fs'
import type { Stack } from '../../support/stack.ts'

export interface Footprint {
  /** backends of the roles that Chaperone logs in as */
  readonly backends: number
  /** Envoy's connections from clients and to the target, and its sidestreams */
  readonly connections: number
  /** of the services' process */
  readonly descriptors: number
}

const CONNECTIONS =
  /^(listener\..*downstream_cx_active|cluster\.chaperone\..*upstream_cx_active|cluster\.chaperone\.upstream_rq_active)$/
/** Envoy's own admin listener carries the question. */
const ADMIN = /^listener\.admin/
/** Connections to the admin port that a test's fetch keeps open, files that are open for a moment. */
const DESCRIPTOR_SLACK = 6
/** Envoy lingers for the client's FIN, and the services for Envoy's: 10 seconds each at most. */
const WITHIN = 25_000

export async function footprint(stack: Stack): Promise<Footprint> {
  const [row] = await stack.superuser(
    `select count(*)::int as n from pg_stat_activity where usename in ('app_rw', 'app_ro')`,
  )
  const stats = Object.entries(await stack.envoyStats(CONNECTIONS))
  const connections = stats.reduce((sum, [name, value]) => (ADMIN.test(name) ? sum : sum + value), 0)
  const descriptors = readdirSync(`/proc/${stack.services.pid}/fd`).length
  return { backends: Number(row?.['n']), connections, descriptors }
}

/** Waits until nothing is left of what came after `before`. @throws with both when something stays */
export async function untilNothingIsLeft(stack: Stack, before: Footprint): Promise<void> {
  let now = await footprint(stack)
  for (const deadline = Date.now() + WITHIN; Date.now() < deadline; now = await footprint(stack)) {
    if (
      now.backends <= before.backends &&
      now.connections <= before.connections &&
      now.descriptors <= before.descriptors + DESCRIPTOR_SLACK
    )
      return
    await pause(100)
  }
  throw new Error(`left over: ${JSON.stringify({ before, now })}`)
}

/** Resident memory of a process, in MiB. */
export function resident(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN) / 1024
}

export const pause = (milliseconds: number) =>
  new Promise<void>((resolve) => setTimeout(resolve, milliseconds))

export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
  within = 15_000,
): Promise<void> {
  for (const deadline = Date.now() + within; Date.now() < deadline; await pause(20)) {
    if (await holds()) return
  }
  throw new Error(`did not happen: ${what}`)
}
