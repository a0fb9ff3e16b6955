// Values that a browser keeps for this process, and can neither read nor change: AES-256-GCM under a key that no one else has.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { parseJson } from '../../core/parse-json.ts'

export interface Seal {
  seal(value: object): string
  /** What was sealed; undefined for everything else. */
  open(text: string): unknown
}

const CIPHER = 'aes-256-gcm'
const NONCE = 12
const TAG = 16
/** Characters: what a browser keeps of a cookie, at most. */
const LONGEST = 4096

/** The key ends with the process: what was sealed before a restart is not opened after it. */
export function createSeal(): Seal {
  const key = randomBytes(32)
  return {
    seal(value) {
      const nonce = randomBytes(NONCE)
      const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG })
      const sealed = [nonce, cipher.update(JSON.stringify(value)), cipher.final(), cipher.getAuthTag()]
      return Buffer.concat(sealed).toString('base64url')
    },
    open(text) {
      if (text.length > LONGEST) return undefined
      const bytes = Buffer.from(text, 'base64url')
      if (bytes.length <= NONCE + TAG) return undefined
      try {
        const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE), { authTagLength: TAG })
        decipher.setAuthTag(bytes.subarray(bytes.length - TAG))
        const plain = [decipher.update(bytes.subarray(NONCE, bytes.length - TAG)), decipher.final()]
        return parseJson(Buffer.concat(plain).toString('utf8'))
      } catch {
        return undefined
      }
    },
  }
}
