// Rows of COPY as detectors see them: decoded, and written again only where something was found.
import { describe, expect, it } from 'vitest'
import { ProtocolError } from '../../../src/core/errors.ts'
import type { CopyRows } from '../../../src/core/facts.ts'
import { createCleanser } from '../../../src/masking/detect/cleanse.ts'
import { message } from '../../../src/protocols/postgres/messages/encode.ts'
import { cleanseCopyData } from '../../../src/protocols/postgres/results/copy-rows.ts'

const detection = createCleanser(new Map([['email', { kind: 'redact' }]]))
const TEXT: CopyRows = { format: 'text', delimiter: '\t', quote: '"', escape: '"' }
const CSV: CopyRows = { ...TEXT, format: 'csv', delimiter: ',' }
const BACKSLASHED: CopyRows = { ...CSV, escape: '\\' }

const data = (text: string) => message('d'.charCodeAt(0), Buffer.from(text))
const shown = (text: string, rows: CopyRows) =>
  Buffer.from(cleanseCopyData(data(text), rows, detection))
    .subarray(5)
    .toString()

describe('a value is masked, and the row reads as before', () => {
  it.each<[string, CopyRows, string, string]>([
    ['text', TEXT, '1\tada@example.com\t\\N\n', '1\t***\t\\N\n'],
    ['text with escapes', TEXT, 'a\\tb\\\\ ada@example.com\\nc\tx\n', 'a\\tb\\\\ ***\\nc\tx\n'],
    ['text of two rows', TEXT, 'x\nada@example.com\n', 'x\n***\n'],
    ['a delimiter in the value', TEXT, 'a\\\tada@example.com\n', 'a\\t***\n'],
    ['csv', CSV, '1,ada@example.com,\n', '1,"***",\n'],
    ['csv with quotes', CSV, '"say ""ada@example.com"", twice",2\n', '"say ""***"", twice",2\n'],
    ['csv with newlines', CSV, '"a\n,ada@example.com",2\n', '"a\n,***",2\n'],
    ['csv with another escape', BACKSLASHED, '"\\"ada@example.com\\\\",2\n', '"\\"***\\\\",2\n'],
    ['its other fields stay as they are', CSV, '"1",ada@example.com,"a"\n', '"1","***","a"\n'],
  ])('%s', (_, rows, row, expected) => {
    expect(shown(row, rows)).toBe(expected)
  })
})

it('a row without a find is the message itself', () => {
  const row = data('1\tada\n')
  expect(cleanseCopyData(row, TEXT, detection)).toBe(row)
})

it.each([
  ['a piece of a row', TEXT, 'ada@exam'],
  ['an open quote', CSV, '"ada@example.com\n'],
])('%s ends the session', (_, rows, row) => {
  expect(() => shown(row, rows)).toThrow(ProtocolError)
})
