// grpc.health.v1: whether the processor takes new sessions.
import type {
  ServerUnaryCall,
  ServerWritableStream,
  ServiceDefinition,
  sendUnaryData,
  UntypedServiceImplementation,
} from '@grpc/grpc-js'
import { loadService } from './protos.ts'

type ServingStatus = 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN'
interface HealthCheckRequest {
  readonly service: string
}
interface HealthCheckResponse {
  readonly status: ServingStatus
}

export interface Health {
  readonly definition: ServiceDefinition
  readonly implementation: UntypedServiceImplementation
  /** Tells the watchers; there is no way back. */
  stopServing(): void
}

/** @param services names that may be asked about, beside the empty name for the whole server */
export function createHealth(services: readonly string[]): Health {
  let serving = true
  const watchers = new Set<ServerWritableStream<HealthCheckRequest, HealthCheckResponse>>()

  const answer = ({ service }: HealthCheckRequest): HealthCheckResponse => {
    if (service !== '' && !services.includes(service)) return { status: 'SERVICE_UNKNOWN' }
    return { status: serving ? 'SERVING' : 'NOT_SERVING' }
  }
  const check = (
    call: ServerUnaryCall<HealthCheckRequest, HealthCheckResponse>,
    callback: sendUnaryData<HealthCheckResponse>,
  ) => callback(null, answer(call.request))
  const watch = (call: ServerWritableStream<HealthCheckRequest, HealthCheckResponse>) => {
    watchers.add(call)
    const forget = () => watchers.delete(call)
    call.on('cancelled', forget)
    call.on('close', forget)
    call.write(answer(call.request))
  }

  return {
    definition: loadService('grpc.health.v1.Health'),
    implementation: { Check: check, Watch: watch },
    stopServing() {
      serving = false
      for (const call of watchers) call.write(answer(call.request))
    },
  }
}
