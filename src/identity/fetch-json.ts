// One bounded HTTP GET of a JSON document, for discovery and key sets.

import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { unreachedBecause } from '../core/errors.ts'

/** A login waits for it, and an issuer that takes longer is as good as down. */
const TIMEOUT_MS = 5000
/** Large key sets have a few dozen keys of under 4 KiB. */
const MAX_BYTES = 512 * 1024

/** The document could not be had. The message is for operators and clients: it holds the URL and the cause. */
class FetchError extends Error {
  override readonly name = 'FetchError'
}

export interface FetchOptions {
  /** PEM of the authorities to trust instead of the system's */
  readonly ca?: string
  /** aborts the request */
  readonly signal?: AbortSignal
}

/**
 * Redirects are refused: they would move the place of trust to wherever the answer points.
 * @throws FetchError
 */
export async function fetchJson(url: string, options: FetchOptions = {}): Promise<unknown> {
  const limit = AbortSignal.timeout(TIMEOUT_MS)
  const signal = options.signal === undefined ? limit : AbortSignal.any([limit, options.signal])
  let body: string
  try {
    body = await bodyOf(await get(url, signal, options.ca))
  } catch (error) {
    throw new FetchError(
      `${url}: ${limit.aborted ? `no answer within ${TIMEOUT_MS / 1000} s` : unreachedBecause(error)}`,
    )
  }
  try {
    return JSON.parse(body)
  } catch {
    throw new FetchError(`${url}: the answer is not JSON`)
  }
}

function get(url: string, signal: AbortSignal, ca: string | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { accept: 'application/json', 'user-agent': 'chaperone' }
    // a connection of its own: none is kept that a stopped issuer would break
    const common = { signal, headers, agent: false as const, maxHeaderSize: 16 * 1024 }
    const request = url.startsWith('https:')
      ? requestHttps(url, ca === undefined ? common : { ...common, ca })
      : requestHttp(url, common)
    request.once('response', resolve)
    request.on('error', reject)
    request.end()
  })
}

async function bodyOf(response: IncomingMessage): Promise<string> {
  try {
    if (response.statusCode !== 200) throw new Error(`the answer has status ${response.statusCode}`)
    const chunks: Buffer[] = []
    let length = 0
    for await (const chunk of response as AsyncIterable<Buffer>) {
      length += chunk.length
      if (length > MAX_BYTES) throw new Error(`the answer is longer than ${MAX_BYTES} bytes`)
      chunks.push(chunk)
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
  } finally {
    response.destroy()
  }
}
