// A processor that passes everything on: `tsx processor.ts grpc-js|own SOCKET`. It says `ready` once it listens.
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js'
import {
  decodeRequest,
  encodeResponseParts,
  MAX_MESSAGE,
  type ProcessingResponse,
} from '../../../src/envoy/codec.ts'
import { PROCESS } from '../../../src/envoy/network-ext-proc.ts'
import type { Call, CallHandler } from '../../../src/grpc/call.ts'
import { createGrpcServer } from '../../../src/grpc/server.ts'
import { STATUS } from '../../../src/grpc/status.ts'

const [, , kind, socket = ''] = process.argv
const same = (bytes: Buffer) => bytes

/** grpc-js takes a message in one piece. */
function whole(parts: readonly Uint8Array[]): Buffer {
  const [first] = parts
  return parts.length === 1 && first instanceof Buffer ? first : Buffer.concat(parts)
}

/** The request's data, as the session sends what it lets through. */
function answer(bytes: Buffer): readonly Uint8Array[] {
  const { read, write } = decodeRequest(bytes)
  const response: ProcessingResponse = { ...(read && { read }), ...(write && { write }) }
  return encodeResponseParts(response)
}

async function startOwn(): Promise<void> {
  const pass = (call: Call): CallHandler => ({
    message(bytes) {
      if (!call.send(answer(bytes))) call.pause()
    },
    drained: () => call.resume(),
    halfClosed: () => call.finish(STATUS.CANCELLED, ''),
    closed() {},
  })
  const options = { maxMessage: MAX_MESSAGE, failed: (error: unknown) => void console.error(error) }
  await createGrpcServer({ methods: new Map([[PROCESS, pass]]), ...options }).listen({ path: socket })
}

function startGrpcJs(): Promise<void> {
  const method = {
    path: PROCESS,
    requestStream: true,
    responseStream: true,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  } as const
  const server = new Server({
    'grpc.max_receive_message_length': MAX_MESSAGE,
    'grpc.max_send_message_length': MAX_MESSAGE,
  })
  server.addService(
    { process: method },
    {
      process(call: ServerDuplexStream<Buffer, Buffer>) {
        call.on('data', (bytes: Buffer) => {
          if (call.write(whole(answer(bytes)))) return
          call.pause()
          call.once('drain', () => call.resume())
        })
        call.on('error', () => undefined)
      },
    },
  )
  return new Promise((resolve, reject) => {
    server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    )
  })
}

await (kind === 'own' ? startOwn() : startGrpcJs())
process.on('SIGTERM', () => process.exit(0))
process.stdout.write('ready\n')
