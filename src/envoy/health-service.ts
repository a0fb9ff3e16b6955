// grpc.health.v1: whether the processor takes new sessions.
import type { Method } from '../grpc/call.ts'
import { type LoadedCall, loadedMethod } from './loaded-methods.ts'

type ServingStatus = 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN'
interface HealthCheckRequest {
  readonly service: string
}
interface HealthCheckResponse {
  readonly status: ServingStatus
}

export interface Health {
  /** by path */
  readonly methods: readonly (readonly [path: string, method: Method])[]
  /** Tells the watchers; there is no way back. */
  stopServing(): void
}

const SERVICE = 'grpc.health.v1.Health'

/** @param services names that may be asked about, beside the empty name for the whole server */
export function createHealth(services: readonly string[]): Health {
  let serving = true
  /** each with what it has asked about */
  const watchers = new Map<LoadedCall<HealthCheckResponse>, HealthCheckRequest>()

  const answer = ({ service }: HealthCheckRequest): HealthCheckResponse => {
    if (service !== '' && !services.includes(service)) return { status: 'SERVICE_UNKNOWN' }
    return { status: serving ? 'SERVING' : 'NOT_SERVING' }
  }
  const check = loadedMethod<HealthCheckRequest, HealthCheckResponse>(SERVICE, 'Check', (call) => ({
    request(request) {
      call.send(answer(request))
      call.end()
    },
    gone() {},
  }))
  const watch = loadedMethod<HealthCheckRequest, HealthCheckResponse>(SERVICE, 'Watch', (call) => ({
    request(request) {
      watchers.set(call, request)
      call.send(answer(request))
    },
    gone: () => void watchers.delete(call),
  }))

  return {
    methods: [check, watch],
    stopServing() {
      serving = false
      for (const [call, request] of watchers) call.send(answer(request))
    },
  }
}
