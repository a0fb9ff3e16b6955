// Server-sent events (WHATWG HTML, section 9.2) to one reader, who is let go when it reads too slowly.

export interface ServerSentEvent {
  /** one of the API's own words */
  readonly event: string
  /** no line break in it */
  readonly id?: string
  /** sent as JSON, which has no line breaks, whatever stands in it */
  readonly data: unknown
}

export interface EventStream {
  readonly body: ReadableStream<Uint8Array>
  send(event: ServerSentEvent): void
  /** Ends the stream after what was sent. */
  end(): void
}

export interface EventStreamOptions {
  /** Called once, however it ends. */
  readonly ended: () => void
  /** Closes the connection under a reader that does not take what it is sent: an end would wait for it. */
  readonly abandon: () => void
}

/** Bytes that wait for a slow reader beyond what the system's buffers hold: the 500 requests that may begin a stream. */
const MAX_WAITING = 1024 * 1024
/** ms between comments that keep the connection: half of the admin port's idle limit, and of what proxies allow. */
const HEARTBEAT = 15_000

/** In the browser's own reconnection (ms), so that a restart of the server is not stormed. */
const PREAMBLE = 'retry: 2000\n\n'

const encoder = new TextEncoder()

function text({ event, id, data }: ServerSentEvent): string {
  return `event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`
}

export function createEventStream(options: EventStreamOptions): EventStream {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined
  const finish = (): typeof controller => {
    const open = controller
    controller = undefined
    clearInterval(heartbeat)
    if (open !== undefined) options.ended()
    return open
  }
  const write = (chunk: string) => {
    if (controller === undefined) return
    controller.enqueue(encoder.encode(chunk))
    if ((controller.desiredSize ?? 0) >= 0) return
    finish()?.close()
    options.abandon()
  }
  const body = new ReadableStream<Uint8Array>(
    {
      start: (started) => {
        controller = started
      },
      cancel: () => void finish(),
    },
    new ByteLengthQueuingStrategy({ highWaterMark: MAX_WAITING }),
  )
  const heartbeat = setInterval(() => write(': \n\n'), HEARTBEAT).unref()
  write(PREAMBLE)
  return { body, send: (event) => write(text(event)), end: () => finish()?.close() }
}
