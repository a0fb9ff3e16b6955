import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, it } from 'vitest'
import type { RecordingEvent } from '../../../src/recording/event.ts'
import { readRecording } from '../../../src/recording/read.ts'
import { createRecorder } from '../../../src/recording/recorder.ts'
import { verifyRecording } from '../../../src/recording/verify.ts'
import { header, statement } from '../../support/recording.ts'
import { temporaryDirectory } from '../../support/tmp.ts'

const home = temporaryDirectory('recording-property')
afterAll(() => home.remove())
const directory = join(home.path, 'recordings')

const anyText = fc.string({ unit: 'binary', maxLength: 60 })
const anyEvent: fc.Arbitrary<RecordingEvent | 'flush'> = fc.oneof(
  fc.constant('flush' as const),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => ({ kind: 'result' as const, bytes })),
  anyText.map((text) => ({ ...statement, text, parameters: [{ kind: 'text' as const, value: text }] })),
  fc.tuple(fc.constantFrom('SELECT $1', 'SELECT 1 + $1', 'SELECT 2 + $1'), anyText).map(([text, value]) => ({
    ...statement,
    ...{ text, phase: 'execute', parameters: [{ kind: 'text' as const, value }] },
  })),
  anyText.map((message) => ({ kind: 'notice' as const, message })),
  anyText.map((message) => ({ kind: 'failed' as const, sqlstate: '42501', message })),
)

function record(events: readonly (RecordingEvent | 'flush')[]): string {
  rmSync(directory, { recursive: true, force: true })
  const session = createRecorder({ directory, level: 'full', max_session: 1e9 }).open(header)
  for (const event of events) {
    if (event === 'flush') session.flush()
    else session.append(event)
  }
  session.close('done')
  return join(directory, readdirSync(directory)[0] ?? '')
}

it('whatever was appended verifies and reads back the same, with results as one stream', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyEvent, { maxLength: 30 }), async (events) => {
      const path = record(events)
      if ((await verifyRecording(path)).state !== 'ok') return false
      const texts: string[] = []
      const results: Buffer[] = []
      for await (const event of readRecording(path)) {
        if (event.kind === 'result') results.push(event.bytes)
        if (event.kind === 'statement') texts.push(event.text + JSON.stringify(event.parameters))
        if (event.kind === 'notice' || event.kind === 'failed') texts.push(event.message)
      }
      const written = events.filter((event) => event !== 'flush')
      const wantedTexts = written.flatMap((event) =>
        event.kind === 'statement'
          ? [event.text + JSON.stringify(event.parameters)]
          : 'message' in event
            ? [event.message]
            : [],
      )
      const wantedResults = written.flatMap((event) => (event.kind === 'result' ? [event.bytes] : []))
      return (
        JSON.stringify(texts) === JSON.stringify(wantedTexts) &&
        Buffer.concat(results).equals(Buffer.concat(wantedResults))
      )
    }),
    { numRuns: 150 },
  )
})

it('no single changed byte goes unseen', async () => {
  const path = record([
    statement,
    { kind: 'result', bytes: Buffer.from('rows') },
    { kind: 'notice', message: 'é' },
  ])
  const good = readFileSync(path)
  await fc.assert(
    fc.asyncProperty(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
      const bad = Buffer.from(good)
      bad[at] = (bad[at] ?? 0) ^ flip
      writeFileSync(path, bad)
      return (await verifyRecording(path)).state !== 'ok'
    }),
    { numRuns: 400 },
  )
})

it('cut at any byte, a recording is unfinished and never tampered', async () => {
  const path = record([statement, { kind: 'result', bytes: Buffer.from('rows') }])
  const good = readFileSync(path)
  await fc.assert(
    fc.asyncProperty(fc.nat(good.length - 1), async (length) => {
      writeFileSync(path, good.subarray(0, length))
      return (await verifyRecording(path)).state === 'unfinished'
    }),
    { numRuns: 200 },
  )
})
