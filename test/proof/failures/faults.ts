// What fails, and how it is made whole again.
import type { Place } from './place.ts'
import type { Link, Toxic } from './toxiproxy.ts'

export interface Fault {
  readonly name: string
  strike(place: Place): Promise<void>
  heal(place: Place): Promise<void>
  /** sessions may wait as long as it lasts: it lasts this long, in milliseconds */
  readonly lasts: number
}

/** A fault that sessions are to outlive is there for this long. */
const SHORT = 3000
/** Envoy asks every 10 seconds whether the services live, and waits 5 for the answer. */
const KEEPALIVE = 20_000

const SLOW: Toxic = { type: 'latency', attributes: { latency: 100 } }
const CUT_TO_BYTES: Toxic = { type: 'slicer', attributes: { average_size: 1, size_variation: 0, delay: 0 } }
/** Without an end of its own: nothing comes through until it is taken away. */
const STALLED: Toxic = { type: 'timeout', attributes: { timeout: 0 } }
const RESET: Toxic = { type: 'reset_peer', attributes: { timeout: 0 } }

function onLink(link: keyof Place['links'], words: string, toxic: Toxic, lasts: number): Fault {
  return {
    name: `${words} ${link === 'client' ? 'client – Envoy' : link === 'target' ? 'Envoy – PostgreSQL' : 'Envoy – services'}`,
    strike: ({ links }) => links[link].poison(toxic),
    heal: ({ links }) => links[link].heal(),
    lasts,
  }
}

const LINKS = ['client', 'target', 'sidestream'] as const
const linkFaults = LINKS.flatMap((link) => [
  onLink(link, '100 ms of delay,', SLOW, SHORT),
  onLink(link, 'single bytes,', CUT_TO_BYTES, SHORT),
  onLink(link, 'silence,', STALLED, link === 'sidestream' ? KEEPALIVE : SHORT),
  onLink(link, 'RST,', RESET, SHORT),
])

const cut = (name: string, pick: (links: Place['links']) => Link): Fault => ({
  name,
  strike: ({ links }) => pick(links).cut(),
  heal: ({ links }) => pick(links).heal(),
  lasts: SHORT,
})

export const FAULTS: readonly Fault[] = [
  ...linkFaults,
  cut('nobody listens, Envoy – PostgreSQL', ({ target }) => target),
  cut('nobody listens, Envoy – services', ({ sidestream }) => sidestream),
  {
    name: 'services killed (SIGKILL)',
    strike: ({ stack }) => stack.services.kill('SIGKILL'),
    heal: ({ stack }) => stack.restartServices(),
    lasts: SHORT,
  },
  {
    name: 'services frozen (SIGSTOP)',
    strike: async ({ stack }) => void process.kill(stack.services.pid, 'SIGSTOP'),
    heal: async ({ stack }) => void process.kill(stack.services.pid, 'SIGCONT'),
    lasts: KEEPALIVE,
  },
  {
    name: 'Redis killed',
    strike: ({ redis }) => redis.kill(),
    heal: ({ redis }) => redis.restart(),
    lasts: SHORT,
  },
  {
    name: 'issuer silent',
    strike: async ({ stack }) => stack.issuers.people.stall(true),
    heal: async ({ stack }) => stack.issuers.people.stall(false),
    lasts: SHORT,
  },
  {
    name: 'PostgreSQL killed (SIGKILL)',
    strike: ({ stack }) => stack.postgres.kill('SIGKILL'),
    heal: ({ stack }) => stack.postgres.restart(),
    lasts: SHORT,
  },
  {
    name: 'Envoy hot restart',
    strike: ({ stack }) => stack.envoy.hotRestart(),
    heal: async () => undefined,
    lasts: SHORT,
  },
]
