// envoy.service.network_ext_proc.v3.NetworkExternalProcessor for grpc-js, with the hand-written codec as its serializers.
import type { ServerDuplexStream, ServiceDefinition } from '@grpc/grpc-js'
import { decodeRequest, encodeResponse, type ProcessingRequest, type ProcessingResponse } from './codec.ts'

export type Sidestream = ServerDuplexStream<ProcessingRequest, ProcessingResponse>

/** The server never encodes a request nor decodes a response. */
function notSpoken(): never {
  throw new Error('network ext_proc: only the server side is implemented')
}

export const networkExternalProcessor = {
  process: {
    path: '/envoy.service.network_ext_proc.v3.NetworkExternalProcessor/Process',
    requestStream: true,
    responseStream: true,
    requestSerialize: notSpoken,
    requestDeserialize: decodeRequest,
    responseSerialize: encodeResponse,
    responseDeserialize: notSpoken,
  },
} as const satisfies ServiceDefinition
