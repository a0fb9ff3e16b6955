// Reads server-sent events as a browser would (WHATWG HTML, section 9.2.6), for tests.
import { get } from 'node:http'

export interface ReceivedEvent {
  readonly event: string
  readonly id?: string
  readonly data: unknown
}

export interface EventReader {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  /** everything that was received so far, comments too */
  text(): string
  events(): readonly ReceivedEvent[]
  /** Resolves once this many events are there. */
  until(count: number): Promise<readonly ReceivedEvent[]>
  /** Resolves when the server ended the stream, or the connection broke. */
  readonly closed: Promise<void>
  leave(): void
}

function parsed(block: string): readonly ReceivedEvent[] {
  const fields = new Map(
    block.split('\n').map((line) => [line.split(': ', 1)[0], line.replace(/^[^:]*: ?/, '')]),
  )
  const [event, id, data] = [fields.get('event'), fields.get('id'), fields.get('data')]
  if (event === undefined || data === undefined) return []
  return [{ event, ...(id === undefined ? {} : { id }), data: JSON.parse(data) }]
}

export function readEvents(url: string, token: string): Promise<EventReader> {
  return new Promise((resolve, reject) => {
    const request = get(url, { headers: { authorization: `Bearer ${token}` }, agent: false }, (response) => {
      let text = ''
      let rest = ''
      const events: ReceivedEvent[] = []
      let arrived = () => {}
      response.setEncoding('utf8')
      response.on('data', (chunk) => {
        text += chunk
        const blocks = `${rest}${chunk}`.split('\n\n')
        rest = blocks.pop() ?? ''
        events.push(...blocks.flatMap(parsed))
        arrived()
      })
      response.on('error', () => undefined)
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        text: () => text,
        events: () => events,
        until: async (count) => {
          while (events.length < count) {
            await new Promise<void>((wake) => {
              arrived = wake
            })
          }
          return events
        },
        closed: new Promise((ended) => response.once('close', ended)),
        leave: () => request.destroy(),
      })
    })
    request.once('error', reject)
  })
}
