// Texts beside the rows, which detectors look through: what a target makes up ends nothing but its session.
import { describe, expect, it } from 'vitest'
import { ProtocolError } from '../../../src/core/errors.ts'
import { cleanseNames } from '../../../src/protocols/postgres/results/cleanse-messages.ts'
import { int16 } from '../../../src/wire/writer.ts'
import { maskerOf } from '../../support/bridge.ts'
import * as f from '../../support/pgwire/frontend.ts'

const { detection } = maskerOf([
  { id: 'found', resources: '*', detect: ['email'], strategy: 'redact', probes: 'refuse', copies: 'refuse' },
])
const described = (count: number, name: string) =>
  f.message('T', Buffer.concat([int16(count), Buffer.from(`${name}\0`), Buffer.alloc(18)]))
const cleansed = (bytes: Buffer) => detection && Buffer.from(cleanseNames(bytes, detection))

describe('the description of a result', () => {
  it('has the names of its columns masked', () => {
    expect(cleansed(described(1, 'ada@example.com'))).toEqual(described(1, '***'))
  })

  it.each([2, 0x7fff, -1, -0x8000])('that says %i columns and has one is a protocol error', (count) => {
    expect(() => cleansed(described(count, 'ada@example.com'))).toThrow(ProtocolError)
  })
})
