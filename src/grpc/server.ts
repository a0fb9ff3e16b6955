// gRPC methods over HTTP/2: paths to methods, and what is no gRPC is refused.

import { encodeHeaders } from '../http2/hpack.ts'
import { createHttp2Server, type Http2Server, type ServerOptions } from '../http2/server.ts'
import type { Limits, Stream, StreamHandler } from '../http2/state.ts'
import { type CallOptions, type Method, refuse, startCall } from './call.ts'
import { STATUS } from './status.ts'

export interface GrpcOptions extends CallOptions, ServerOptions {
  /** by path: `/package.Service/Method` */
  readonly methods: ReadonlyMap<string, Method>
}

export const LIMITS: Limits = {
  // Data of Envoy's comes in frames of the size it is allowed, and each is one view, not a copy.
  frame: 1024 * 1024,
  // Envoy opens another connection for more.
  streams: 1_000,
  // A few reads of Envoy's: what a stream that waits may cost.
  streamWindow: 1024 * 1024,
  connectionWindow: 64 * 1024 * 1024,
  // Envoy's requests have some 300 bytes.
  headers: 16 * 1024,
  // What a session may have to say while its peer takes nothing: more than the longest message it passes on.
  waiting: 64 * 1024 * 1024,
}

export function createGrpcServer({ methods, ...options }: GrpcOptions): Http2Server {
  return createHttp2Server(LIMITS, (stream) => open(stream, methods, options), options)
}

const UNSUPPORTED = encodeHeaders([[':status', '415']])
const NOT_ALLOWED = encodeHeaders([[':status', '405']])
const CONTENT_TYPE = /^application\/grpc(?:[+;]|$)/

const nothing = () => undefined
const REFUSED: StreamHandler = { data: nothing, end: nothing, drained: nothing, closed: nothing }

/** Section "Requests" of PROTOCOL-HTTP2.md. A timeout is the client's to keep: it resets the stream when it is over. */
function open(stream: Stream, methods: ReadonlyMap<string, Method>, options: CallOptions): StreamHandler {
  const { request } = stream
  const header = (wanted: string) => request.headers.find(([name]) => name === wanted)?.[1]
  if (request.method !== 'POST') stream.headers(NOT_ALLOWED, true)
  else if (!CONTENT_TYPE.test(header('content-type') ?? '')) stream.headers(UNSUPPORTED, true)
  else {
    const method = methods.get(request.path)
    if (method !== undefined) return startCall(stream, method, options)
    refuse(stream, STATUS.UNIMPLEMENTED, 'no such method')
  }
  return REFUSED
}
