// Reads server-sent events (WHATWG HTML, section 9.2.6) of the admin API, from whoever sends them: within limits.

export interface StreamedEvent {
  readonly event: string
  readonly id: string | undefined
  readonly data: string
}

/** Characters of one event: a summary has a few KiB. */
const MAX_EVENT = 256 * 1024

/** Fields that are not told are not looked at. A comment alone is no event. */
function eventOf(block: string): StreamedEvent | undefined {
  const fields = new Map<string, string>()
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':')
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1).replace(/^ /, ''))
  }
  const [event, data] = [fields.get('event'), fields.get('data')]
  return event === undefined || data === undefined ? undefined : { event, id: fields.get('id'), data }
}

/** @throws Error when an event is too large, and whatever reading throws */
export async function* streamedEvents(
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<StreamedEvent | 'heartbeat'> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true })
    const blocks = rest.split('\n\n')
    rest = blocks.pop() ?? ''
    if (rest.length > MAX_EVENT) throw new Error('its events are too large')
    for (const block of blocks) yield eventOf(block) ?? 'heartbeat'
  }
}
