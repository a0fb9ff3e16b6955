// Cancel requests of Chaperone's own, straight to the target: the connection of a session that ends does not stop what runs in it.
import type { Config } from '../../config/schema.ts'
import { cancelRequest } from '../../protocols/postgres/messages/encode.ts'
import type { Log } from '../../telemetry/log.ts'
import { connectUpstream } from '../connect/upstream.ts'

/** Connections at once: a lockdown may end thousands of sessions, and the target has other things to do. */
const AT_ONCE = 16
/** In milliseconds: a target that does not answer for so long is not asked any more. */
const WITHIN = 5_000

/** @returns what never rejects: a target that cannot be reached from here is told in the log */
export function createCancelAtTarget(
  config: Pick<Config, 'resources' | 'certificates'>,
  log: Pick<Log, 'warn'>,
): (resource: string, serverKey: Uint8Array) => Promise<void> {
  const waiting: (() => void)[] = []
  let running = 0

  async function inTurn(work: () => Promise<void>): Promise<void> {
    if (running >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve))
    running += 1
    try {
      await work()
    } finally {
      running -= 1
      waiting.shift()?.()
    }
  }

  return (resource, serverKey) =>
    inTurn(async () => {
      const upstream = config.resources[resource]?.upstream
      if (upstream === undefined) return
      try {
        const socket = await connectUpstream(upstream, config, AbortSignal.timeout(WITHIN))
        // The target closes it without an answer (PostgreSQL 54.2.8).
        await new Promise<void>((resolve) => {
          socket.once('close', resolve)
          socket.resume()
          socket.end(cancelRequest(serverKey))
        })
      } catch (err) {
        log.warn(
          { err, resource },
          'the target could not be asked to stop what ran in a session that was ended',
        )
      }
    })
}
