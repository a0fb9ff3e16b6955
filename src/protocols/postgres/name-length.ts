// Names of statements and portals that are longer than the server keeps.
import { Buffer } from 'node:buffer'
import { MAX_IDENTIFIER } from '../../core/identifier.ts'
import type { StandInError } from './statement.ts'

export const isTooLong = (name: string): boolean =>
  name.length * 3 > MAX_IDENTIFIER && Buffer.byteLength(name) > MAX_IDENTIFIER

export const NAME_TOO_LONG: StandInError = {
  kind: 'refusal',
  refusal: {
    code: 'unsupported',
    message: `names of statements and portals may have ${MAX_IDENTIFIER} bytes`,
    hint: 'The server itself tells longer names apart by their beginning only.',
  },
}
