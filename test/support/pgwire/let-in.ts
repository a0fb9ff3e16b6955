// What a target says to a login that it lets in at once: that it is ready, and what is in force then.
import { message } from './frontend.ts'

export const READY = message('Z', Buffer.from('I'))

/** One row of one column. */
function row(text: string): Buffer {
  const value = Buffer.from(text)
  const head = Buffer.alloc(6)
  head.writeInt16BE(1)
  head.writeInt32BE(value.length, 2)
  return message('D', Buffer.concat([head, value]))
}

/** The role is the login's own, and so is the search_path. */
export function letIn(user: string, setting = ''): Buffer {
  const inForce = row(JSON.stringify([setting, user, [], null]))
  return Buffer.concat([message('R', Buffer.alloc(4)), READY, inForce, READY])
}
