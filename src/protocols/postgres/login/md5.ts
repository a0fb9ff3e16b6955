// PostgreSQL's md5 login (chapter 54.2.1): an old method that targets may still ask for.
import { createHash } from 'node:crypto'
import type { Secret } from '../../../core/secret.ts'

const md5 = (...parts: readonly (string | Uint8Array)[]) =>
  parts.reduce((hash, part) => hash.update(part), createHash('md5')).digest('hex')

export function md5Response(user: string, password: Secret, salt: Uint8Array): string {
  return `md5${md5(md5(password.reveal(), user), salt)}`
}
