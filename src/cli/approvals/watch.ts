// `chaperone approvals list --watch`: requests as they change, until Ctrl-C. It comes back when the connection is lost.
import { setTimeout as pause } from 'node:timers/promises'
import { parseJson } from '../../core/parse-json.ts'
import { type AdminClient, AdminRefusal, AdminUnreachable, read } from '../admin-client.ts'
import { streamedEvents } from './events.ts'
import type { Screen } from './screen.ts'
import { listedApproval } from './shapes.ts'
import type { Watched } from './watched.ts'

export interface WatchOptions {
  /** with a token that is good now; asked for anew with each connection */
  readonly connect: () => Promise<AdminClient>
  readonly path: string
  readonly watched: Watched
  readonly screen: Screen
  readonly signal: AbortSignal
}

/** ms before the connection is tried again: doubled each time, to the second. */
const FIRST_PAUSE = 1000
const LONGEST_PAUSE = 30_000
/** ms without a byte: the server's heartbeat comes every 15 s. */
const SILENCE = 45_000
/** Refusals that are better later; every other one ends the command. */
const PASSING: ReadonlySet<string> = new Set([
  'store-unavailable',
  'issuer-unavailable',
  'too-many-listeners',
  'internal',
])

/** Aborts when nothing was heard for long, or nobody wants to hear more. */
function silenceLimit(signal: AbortSignal) {
  const silent = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const heard = () => {
    clearTimeout(timer)
    timer = setTimeout(() => silent.abort(new Error('it says nothing')), SILENCE)
  }
  heard()
  return { signal: AbortSignal.any([signal, silent.signal]), heard, stop: () => clearTimeout(timer) }
}

/** One connection, to its end. */
async function listen(options: WatchOptions, begun: () => void): Promise<void> {
  const { watched, screen, path } = options
  const client = await options.connect()
  const limit = silenceLimit(options.signal)
  try {
    const body = await client.stream(path, limit.signal)
    watched.begin()
    for await (const told of streamedEvents(body)) {
      limit.heard()
      if (told === 'heartbeat') continue
      const { event, id, data } = told
      if (event === 'end') return
      if (event === 'trouble') await screen.trouble('the store of approvals does not answer')
      else if (event === 'ready') {
        watched.ready()
        begun()
        await screen.trouble(undefined)
      } else {
        const request = read(listedApproval, parseJson(data))
        if (watched.take(event, id, request)) await screen.news(event, request)
      }
    }
  } finally {
    limit.stop()
  }
}

/** Better later: the watch goes on. */
export function isPassing(error: unknown): boolean {
  if (error instanceof AdminRefusal) return PASSING.has(error.code)
  return error instanceof AdminUnreachable
}

/**
 * Resolves when the signal aborts.
 * @throws AdminRefusal that time does not heal; AdminUnreachable when there was never anything there
 */
export async function watch(options: WatchOptions): Promise<void> {
  let everBegun = false
  let wait = FIRST_PAUSE
  while (!options.signal.aborted) {
    try {
      await listen(options, () => {
        everBegun = true
        wait = FIRST_PAUSE
      })
      await options.screen.trouble('the stream ended; it is opened again')
    } catch (error) {
      if (options.signal.aborted) return
      if (!isPassing(error) || !everBegun) throw error
      await options.screen.trouble(error instanceof Error ? error.message : 'the connection was lost')
    }
    await pause(wait, undefined, { signal: options.signal }).catch(() => undefined)
    wait = Math.min(wait * 2, LONGEST_PAUSE)
  }
}
