import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { createLines } from '../../../src/audit/line.ts'
import { createAudit } from '../../../src/audit/sink.ts'
import { temporaryDirectory } from '../../support/tmp.ts'
import { examples } from './examples.ts'

const home = temporaryDirectory('audit-docs')
afterAll(() => home.remove())

const page = readFileSync(new URL('../../../docs/audit.md', import.meta.url), 'utf8')
const shown = [...page.matchAll(/```json\n([\s\S]*?)```/g)].map(
  ([, json]) => JSON.parse(json ?? '') as unknown,
)

it('docs/audit.md shows one event of every type, with every field, exactly as the sink writes it', () => {
  const file = join(home.path, 'audit.log')
  const audit = createAudit({ file }, { now: () => Date.UTC(2026, 10, 22, 9, 30), monotonic: () => 0 })
  for (const example of Object.values(examples)) audit.write(example)
  audit.close()
  const written = readFileSync(file, 'utf8').trimEnd().split('\n')
  expect(shown).toEqual(written.map((line) => JSON.parse(line) as unknown))
})

it('docs/audit.md explains every field that an event can have', () => {
  const lineOf = createLines()
  const fields = new Set(
    Object.values(examples).flatMap((example) => Object.keys(JSON.parse(lineOf(example, 0, '')))),
  )
  const explained = new Set([...page.matchAll(/^\| `(\w+)` +\|/gm)].map(([, field]) => field))
  expect(explained).toEqual(fields)
})
