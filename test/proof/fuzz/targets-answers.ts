// What is fuzzed of a server's answers beside a session: the catalog's rows, recordings that are read, and what detectors look through.
import { ProtocolError } from '../../../src/core/errors.ts'
import type { CopyRows } from '../../../src/core/facts.ts'
import { decodeAnswer } from '../../../src/protocols/postgres/catalog/answer.ts'
import { CODE_QUERY, RELATIONS_QUERY } from '../../../src/protocols/postgres/catalog/query.ts'
import { createRecordedResults } from '../../../src/protocols/postgres/recorded/results.ts'
import {
  cleanseDiagnostic,
  cleanseLastText,
  cleanseNames,
} from '../../../src/protocols/postgres/results/cleanse-messages.ts'
import { cleanseCopyData } from '../../../src/protocols/postgres/results/copy-rows.ts'
import { maskerOf } from '../../support/bridge.ts'
import * as f from '../../support/pgwire/frontend.ts'
import type { Postgres } from '../../support/postgres.ts'
import { mutate, type Random } from './mutate.ts'
import { guarded, pieces, type Target } from './target.ts'

/** What may stand anywhere in JSON. */
const VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1e308,
  2 ** 53,
  '',
  'v',
  '\u0000',
  [],
  {},
  [[]],
  [null],
]

/** The same with one value anywhere in it replaced. */
function changed(value: unknown, next: Random): unknown {
  if (next(4) === 0 || typeof value !== 'object' || value === null) return VALUES[next(VALUES.length)]
  const keys = Object.keys(value)
  const key = keys[next(Math.max(1, keys.length))]
  if (key === undefined) return VALUES[next(VALUES.length)]
  if (Array.isArray(value)) return value.map((item, at) => (String(at) === key ? changed(item, next) : item))
  return { ...value, [key]: changed(Reflect.get(value, key), next) }
}

/** What a real server says of a view, a table with a trigger and a foreign key, and of functions, operators and types. */
const CATALOG = `
  CREATE TABLE parent (id int PRIMARY KEY, twice int GENERATED ALWAYS AS (id * 2) STORED);
  CREATE TABLE child (id int REFERENCES parent ON DELETE CASCADE) ;
  CREATE VIEW shown AS SELECT id FROM parent;
  CREATE DOMAIN small AS int CHECK (VALUE < 10);
  CREATE FUNCTION fires() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE TRIGGER fires BEFORE INSERT ON child FOR EACH ROW EXECUTE FUNCTION fires();
  CREATE FUNCTION lower(small) RETURNS text LANGUAGE sql AS 'SELECT $1::text'`

export async function catalogAnswers(postgres: Postgres): Promise<Target> {
  await postgres.query(CATALOG)
  const relations = await postgres.query(RELATIONS_QUERY, [['parent', 'child', 'shown'], []])
  const code = await postgres.query(CODE_QUERY, [['lower', 'fires'], ['+'], ['small'], []])
  const seeds = [...relations, ...code].map((row) => String(Object.values(row)[0]))
  if (decodeAnswer(seeds).entries.length < 3) throw new Error('the catalog says nothing to begin with')
  return {
    name: 'answers of the catalog',
    run(next) {
      const rows = seeds.map((row) => {
        const how = next(8)
        if (how === 0) return mutate([Buffer.from(row)], next).toString()
        return how < 4 ? JSON.stringify(changed(JSON.parse(row), next)) : row
      })
      guarded(rows, [ProtocolError], () => decodeAnswer(rows))
    },
  }
}

/** @param seen what the target of a session sent to its client */
export function recordedResults(seen: readonly Buffer[]): Target {
  const whole = Buffer.concat(seen)
  return {
    name: 'results in recordings',
    run(next) {
      const bytes = next(2) === 0 ? mutate([whole], next) : mutate(seen, next)
      guarded(bytes, [], () => {
        const results = createRecordedResults(1 + next(5))
        for (const piece of pieces(bytes, next)) {
          results.statement('SELECT 1')
          results.push(Buffer.from(piece))
        }
      })
    },
  }
}

const CARD = '4111 1111 1111 1111'
const MAIL = 'ada@example.com'
const FORMATS: readonly CopyRows[] = [
  { format: 'text', delimiter: '\t', quote: '"', escape: '"' },
  { format: 'csv', delimiter: ',', quote: '"', escape: '"' },
  { format: 'csv', delimiter: ';', quote: "'", escape: '\\' },
]
const COPIED = [
  `1\t${CARD}\t\\N\n`,
  `1,"${CARD}, ""${MAIL}""",\n`,
  `1;'${MAIL}\\'';\n`,
  `\\x34\\061 ${MAIL}\\\n\n`,
].map((text) => f.message('d', Buffer.from(text)))
const TEXTS: readonly (readonly [typeof cleanseDiagnostic, readonly Buffer[]])[] = [
  [cleanseDiagnostic, [f.message('N', Buffer.from(`SNOTICE\0C00000\0M${CARD}\0D(${MAIL})\0\0`))]],
  [cleanseLastText, [f.message('A', Buffer.from(`\0\0\0\x01news\0${MAIL}\0`))]],
  [cleanseLastText, [f.message('S', Buffer.from(`application_name\0${CARD}\0`))]],
  [
    cleanseNames,
    [f.message('T', Buffer.concat([Buffer.from('\0\x01'), Buffer.from(`${MAIL}\0`), Buffer.alloc(18)]))],
  ],
]

function isMessage(bytes: Uint8Array): void {
  const buffer = Buffer.from(bytes)
  if (buffer.readUInt32BE(1) !== buffer.length - 1)
    throw new Error('a message of another length than it says')
}

/** As the stream gives them: whole messages, that say how long they are. */
function damaged(seeds: readonly Buffer[], next: Random): Buffer | undefined {
  const bytes = mutate(seeds, next)
  return bytes.length < 6 ? undefined : f.message(String.fromCharCode(seeds[0]?.[0] ?? 0), bytes.subarray(5))
}

export function detectors(): Target {
  const { detection } = maskerOf([
    {
      id: 'found',
      resources: '*',
      detect: ['card', 'email'],
      strategy: 'redact',
      probes: 'refuse',
      copies: 'refuse',
    },
  ])
  if (detection === undefined) throw new Error('nothing is looked for')
  return {
    name: 'COPY, notices and names under detectors',
    run(next) {
      const copied = damaged(COPIED, next)
      const rows = FORMATS[next(FORMATS.length)] as CopyRows
      if (copied) guarded(copied, [ProtocolError], () => isMessage(cleanseCopyData(copied, rows, detection)))
      const [cleanse, seeds] = TEXTS[next(TEXTS.length)] as (typeof TEXTS)[number]
      const text = damaged(seeds, next)
      if (text) guarded(text, [ProtocolError], () => isMessage(cleanse(text, detection)))
    },
  }
}
