// Names of statements and portals that are longer than the server keeps.
import { Buffer } from 'node:buffer'
import type { StandInError } from './statement.ts'

/** Bytes of a name that the server keeps (NAMEDATALEN less its zero byte): it cuts the rest off, so that two are one. */
const MAX_NAME = 63

export const isTooLong = (name: string): boolean =>
  name.length * 3 > MAX_NAME && Buffer.byteLength(name) > MAX_NAME

export const NAME_TOO_LONG: StandInError = {
  kind: 'refusal',
  refusal: {
    code: 'unsupported',
    message: `names of statements and portals may have ${MAX_NAME} bytes`,
    hint: 'The server itself tells longer names apart by their beginning only.',
  },
}
