// An issuer's keys: discovered, kept for a while, fetched again when a token names one that is not known.

import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import { reasonOf } from '../core/errors.ts'
import { type FetchOptions, fetchJson } from './fetch-json.ts'

/** Keys older than this are fetched again before they are used. */
const FRESH_MS = 5 * 60_000
/** While the issuer cannot be reached, keys serve this long: an outage stops no logins, a withdrawn key still ends. */
const USABLE_MS = 30 * 60_000
/** Tokens with made-up key ids must not make us hammer the issuer. */
const ROTATION_COOLDOWN_MS = 10_000
/** After a failure, logins share its outcome for a moment instead of each waiting for a timeout. */
const FAILURE_COOLDOWN_MS = 1000
/** Each verification without `kid` looks through all of them. */
const MAX_KEYS = 100

/** The issuer's keys cannot be had, so nothing of it can be verified. */
export class KeySetError extends Error {
  override readonly name = 'KeySetError'
}

export interface KeySetOptions extends FetchOptions {
  /** exact issuer identifier */
  readonly issuer: string
  /** location of the keys; discovered when absent */
  readonly jwks?: string
  readonly now: () => number
  /** told why the keys could not be fetched, at most once per FAILURE_COOLDOWN_MS */
  readonly report: (problem: string) => void
  /** told when the issuer's discovery document says that `sub` is another for each client (OpenID Connect Core 1.0, section 8) */
  readonly pairwise?: () => void
}

/** A key resolver for jose. Rejects with KeySetError, or jose's JWKSNoMatchingKey and JWKSMultipleMatchingKeys. */
export function createKeySet(options: KeySetOptions): JWTVerifyGetKey {
  let keys: { readonly find: JWTVerifyGetKey; readonly at: number } | undefined
  let failure: { readonly error: KeySetError; readonly at: number } | undefined
  let pending: Promise<void> | undefined

  const refresh = (): Promise<void> => {
    pending ??= fetchKeys(options)
      .then((find) => {
        keys = { find, at: options.now() }
        failure = undefined
      })
      .catch((error: unknown) => {
        const message = reasonOf(error)
        failure = { error: new KeySetError(message), at: options.now() }
        options.report(message)
      })
      .finally(() => {
        pending = undefined
      })
    return pending
  }

  const refreshUnlessFailing = async () => {
    if (failure === undefined || options.now() - failure.at >= FAILURE_COOLDOWN_MS) await refresh()
  }
  const current = async (): Promise<JWTVerifyGetKey> => {
    if (keys === undefined || options.now() - keys.at >= FRESH_MS) await refreshUnlessFailing()
    if (keys !== undefined && options.now() - keys.at < USABLE_MS) return keys.find
    throw failure?.error ?? new KeySetError('no keys')
  }

  return async (header, token) => {
    const find = await current()
    try {
      return await find(header, token)
    } catch (error) {
      const cooling = keys !== undefined && options.now() - keys.at < ROTATION_COOLDOWN_MS
      if (!(error instanceof errors.JWKSNoMatchingKey) || cooling) throw error
      await refreshUnlessFailing()
      return (await current())(header, token)
    }
  }
}

async function fetchKeys(options: KeySetOptions): Promise<JWTVerifyGetKey> {
  const set = await fetchJson(options.jwks ?? (await discover(options)), options)
  if (!isRecord(set) || !Array.isArray(set.keys)) throw new KeySetError('the key set has no list of keys')
  if (set.keys.length > MAX_KEYS) throw new KeySetError(`the key set has more than ${MAX_KEYS} keys`)
  return createLocalJWKSet({ keys: set.keys.filter(isRecord) } as JSONWebKeySet)
}

/** OpenID Connect Discovery 1.0, section 4. */
async function discover(options: KeySetOptions): Promise<string> {
  const base = options.issuer.replace(/\/$/, '')
  const document = await fetchJson(`${base}/.well-known/openid-configuration`, options)
  if (!isRecord(document)) throw new KeySetError('the discovery document is not an object')
  // section 4.3: anything else is somebody else's document
  if (document.issuer !== options.issuer) throw new KeySetError('the discovery document names another issuer')
  const uri = typeof document.jwks_uri === 'string' ? URL.parse(document.jwks_uri) : null
  if (uri === null) throw new KeySetError('the discovery document has no jwks_uri')
  // keys must not come over a weaker channel than the document that names them
  if (uri.protocol !== new URL(options.issuer).protocol && uri.protocol !== 'https:') {
    throw new KeySetError('the discovery document leads to keys without TLS')
  }
  const { subject_types_supported: types } = document
  if (Array.isArray(types) && types.length > 0 && !types.includes('public')) options.pairwise?.()
  return uri.href
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
