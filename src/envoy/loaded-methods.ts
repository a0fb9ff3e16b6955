// Methods of the services that protos.ts loads, for the gRPC server: protobuf on one side, objects on the other.
import type { Call, CallHandler, Method } from '../grpc/call.ts'
import { type ErrorStatus, STATUS } from '../grpc/status.ts'
import { loadService } from './protos.ts'

/** A call whose client streams, or sends once; the answers are of the method's type. */
export interface LoadedCall<Response> {
  /** Ignored once the call is over. */
  send(response: Response): void
  /** Ends the call with OK, behind what was sent. */
  end(): void
  fail(code: ErrorStatus, details: string): void
}

export interface LoadedHandler<Request> {
  request(request: Request): void
  /** the call is over, by whichever side; nothing comes after it */
  gone(): void
}

export type Loaded<Request, Response> = (call: LoadedCall<Response>) => LoadedHandler<Request>

/**
 * The method `name` of `service`, by its path. One whose client streams ends with OK once the client has sent everything.
 * @throws when protos/ has no such method
 */
export function loadedMethod<Request, Response>(
  service: string,
  name: string,
  open: Loaded<Request, Response>,
): readonly [path: string, method: Method] {
  const definition = loadService(service)[name]
  if (definition === undefined) throw new Error(`no method ${name} in ${service}`)
  const method = (call: Call): CallHandler => {
    let asked = false
    const handler = open({
      // While the client takes nothing, nothing more is read from it: memory stays bounded.
      send(response) {
        if (!call.send([definition.responseSerialize(response as object)])) call.pause()
      },
      end: () => call.finish(STATUS.OK, ''),
      fail: (code, details) => call.finish(code, details),
    })
    return {
      message(bytes) {
        const request = deserialize(() => definition.requestDeserialize(bytes))
        if (request === undefined) return call.finish(STATUS.INTERNAL, 'not the request’s type')
        if (asked && !definition.requestStream) return call.finish(STATUS.INTERNAL, 'a second request')
        asked = true
        handler.request(request as Request)
      },
      halfClosed() {
        if (definition.requestStream) call.finish(STATUS.OK, '')
        else if (!asked) call.finish(STATUS.INTERNAL, 'no request')
      },
      drained: () => call.resume(),
      closed: () => handler.gone(),
    }
  }
  return [definition.path, method]
}

/** protobufjs throws errors of several kinds for bytes that are not the message. */
function deserialize(work: () => object): object | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}
