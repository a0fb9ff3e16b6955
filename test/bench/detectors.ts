// npm run bench:detectors
// What detectors cost for a value in which they find nothing: rows with masks next to the same rows copied, in nanoseconds.

import { DETECTORS } from '../../src/config/rules-schema.ts'
import type { ResultColumn } from '../../src/core/masking.ts'
import { createCleanser } from '../../src/masking/detect/cleanse.ts'
import { detectorMask } from '../../src/masking/detect/value.ts'
import { maskRows } from '../../src/protocols/postgres/results/masked-rows.ts'

const SENTENCE =
  'The order was shipped on Monday by the usual carrier, and the customer was told so by letter. '
const DOCUMENT = {
  id: 12345,
  status: 'open',
  items: [
    { sku: 'A-1002', count: 2 },
    { sku: 'B-77', count: 1 },
  ],
  note: 'leave at the door',
  at: '2026-11-26T01:20:00Z',
  total: 129.95,
}
const [TEXT, JSONB] = [25, 3802] as const

const VALUES: readonly (readonly [what: string, type: number, value: string])[] = [
  ['a word', TEXT, 'shipped'],
  ['a name', TEXT, 'Ada Lovelace'],
  ['a number of an order', TEXT, 'ORD-2026-0001234'],
  ['a UUID as text', TEXT, '01890a5d-ac96-774b-bcce-b302099a8057'],
  ['a sentence', TEXT, SENTENCE],
  ['a document of JSON', JSONB, JSON.stringify(DOCUMENT)],
  ['10 kB of text', TEXT, SENTENCE.repeat(107)],
  ['a text with an address, masked', TEXT, 'please write to ada@example.com, thanks'],
]

const COLUMNS = 5
/** As much as Envoy gives at once. */
const CHUNK = 32 * 1024
/** The quickest counts: whatever else the machine does only adds. */
const TURNS = 1000

function rowsOf(value: string): { readonly chunk: Uint8Array; readonly values: number } {
  const bytes = Buffer.from(value)
  const length = Buffer.alloc(4)
  length.writeInt32BE(bytes.length)
  const body = Buffer.concat([
    Buffer.from([0, COLUMNS]),
    ...Array<Buffer[]>(COLUMNS).fill([length, bytes]).flat(),
  ])
  const header = Buffer.from('D____')
  header.writeInt32BE(body.length + 4, 1)
  const count = Math.ceil(CHUNK / (header.length + body.length))
  return { chunk: Buffer.concat(Array<Buffer[]>(count).fill([header, body]).flat()), values: count * COLUMNS }
}

function took(run: () => void): number {
  let best = Number.POSITIVE_INFINITY
  for (let turn = 0; turn < TURNS; turn += 1) {
    const began = performance.now()
    run()
    best = Math.min(best, performance.now() - began)
  }
  return best * 1_000_000
}

const cleanser = createCleanser(new Map(DETECTORS.map((detector) => [detector, { kind: 'redact' }])))
const say = (text: string) => void process.stdout.write(`${text}\n`)

say('| value | bytes | looked through, ns | copied, ns |')
say('| --- | --- | --- | --- |')
for (const [what, type, value] of VALUES) {
  const column: ResultColumn = { name: 'x', origin: { kind: 'derived' }, type, format: 'text' }
  const { chunk, values } = rowsOf(value)
  const each = (plan: Parameters<typeof maskRows>[2]) =>
    Math.round(took(() => maskRows(chunk, 0, plan)) / values)
  const looked = each(Array(COLUMNS).fill(detectorMask(column, cleanser)))
  const copied = each(Array(COLUMNS).fill(undefined))
  say(`| ${what} | ${Buffer.byteLength(value)} | ${looked} | ${copied} |`)
}
