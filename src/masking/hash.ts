// The `hash` strategy: equal values stay equal under one key, and without the key nobody can try values out.
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'
import type { Secret } from '../core/secret.ts'

/** 128 bits: below that the key is easier to guess than the values are (RFC 2104 section 3 advises 32 bytes). */
const MIN_KEY_BYTES = 16

/** @throws Error when the key is too short to hide anything */
export function hashKey(name: string, secret: Secret): KeyObject {
  if (secret.byteLength < MIN_KEY_BYTES) {
    throw new Error(`the key ${JSON.stringify(name)} of a hash mask has fewer than ${MIN_KEY_BYTES} bytes`)
  }
  return createSecretKey(secret.reveal(), 'utf8')
}

/** HMAC-SHA-256 of the value, 64 hexadecimal digits. */
export function hashHex(value: Uint8Array, key: KeyObject): string {
  return createHmac('sha256', key).update(value).digest('hex')
}
