// What waits in Envoy for the processor, as Envoy itself says: nothing else knows (docs/envoy-notes.md, l).
import { PROCESSOR_CLUSTER } from './envoy-names.ts'

const STAT = `cluster.${PROCESSOR_CLUSTER}.http2.pending_send_bytes`
const LINE = new RegExp(`^${STAT.replaceAll('.', '\\.')}: (\\d+)$`, 'm')
const PATH = `/stats?filter=${encodeURIComponent(`^${STAT.replaceAll('.', '\\.')}$`)}`

/** Envoy answers from memory; one that takes longer says nothing of now. */
const TIMEOUT = 2_000

/**
 * @param admin host:port of Envoy's admin listener
 * @returns bytes, of all processors of the cluster
 * @throws when Envoy does not answer, or has no such cluster
 */
export async function waitingInEnvoy(admin: string): Promise<number> {
  const response = await fetch(`http://${admin}${PATH}`, {
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT),
  })
  const bytes = LINE.exec(await response.text())?.[1]
  if (bytes === undefined) throw new Error(`Envoy at ${admin} does not tell of ${STAT}`)
  return Number(bytes)
}
