// Speaks with the admin API. Sends its token to loopback or over TLS only, and follows no redirect with it.
import { readFileSync, statSync } from 'node:fs'
import type { z } from 'zod'
import { isLoopback, splitHostPort } from '../config/address.ts'
import { fetchFailedBecause, reasonOf } from '../core/errors.ts'
import { Secret } from '../core/secret.ts'

/** The server understood and said no. `code` is one of docs/openapi.yaml. */
export class AdminRefusal extends Error {
  override readonly name = 'AdminRefusal'
  readonly code: string
  readonly hint: string | undefined

  constructor(code: string, detail: string, hint: string | undefined) {
    super(detail)
    this.code = code
    this.hint = hint
  }
}

/** Nothing that is an admin API answered. */
export class AdminUnreachable extends Error {
  override readonly name = 'AdminUnreachable'
}

/** What the user gave cannot work. */
export class AdminUsage extends Error {
  override readonly name = 'AdminUsage'
}

export interface AdminClient {
  /** @throws AdminRefusal, AdminUnreachable */
  get(path: string): Promise<unknown>
  /** @throws AdminRefusal, AdminUnreachable: then it may have happened, or not */
  post(path: string, body: Readonly<Record<string, unknown>>): Promise<unknown>
  /** A stream of events, until the signal aborts. @throws AdminRefusal, AdminUnreachable, also while it is read */
  stream(path: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>
}

/** ms for a whole answer; the server's own waits are shorter. */
const TIMEOUT = 30_000
/** Bytes of one answer: the largest request for approval, escaped, with room to spare. */
const MAX_ANSWER = 8 * 1024 * 1024
/** Bytes of a token file; tokens have a few KiB. */
const MAX_TOKEN_FILE = 64 * 1024
/** RFC 6750, section 2.1: `b64token`. */
const TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/

/** @throws AdminUsage */
export function adminUrl(text: string): URL {
  if (!URL.canParse(text)) throw new AdminUsage(`the admin address is no URL: ${text}`)
  const url = new URL(text)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new AdminUsage('the admin address must begin with http:// or https://')
  }
  if (url.username !== '' || url.password !== '') {
    throw new AdminUsage('the admin address must not hold credentials')
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw new AdminUsage(`a token goes to ${url.hostname} only over https`)
  }
  return url
}

/** Where a server with this `admin.address` is found from its own machine. */
export function urlOfAddress(address: string): string {
  const { host, port } = splitHostPort(address)
  const anywhere = host === '0.0.0.0' || host === '::' || host === '*'
  if (anywhere) return `http://127.0.0.1:${port}`
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

/**
 * From the file if one is named, else from the environment; never from the arguments, which other users can read.
 * Undefined when neither is given.
 */
export function readToken(file: string | undefined, environment: NodeJS.ProcessEnv): Secret | undefined {
  const text = (file === undefined ? environment['CHAPERONE_TOKEN'] : readTokenFile(file))?.trim()
  if (file === undefined && (text === undefined || text === '')) return undefined
  if (text === undefined || text === '') throw new AdminUsage(`the token file ${file} is empty`)
  if (!TOKEN.test(text)) throw new AdminUsage('what was given as the token is not a bearer token')
  return new Secret(text)
}

function readTokenFile(file: string): string {
  try {
    if (statSync(file).size > MAX_TOKEN_FILE) throw new Error('it is too large')
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw new AdminUsage(`there is no token file ${file}`)
    }
    throw new AdminUsage(`the token file ${file} cannot be read: ${reasonOf(error)}`)
  }
}

async function readJson(response: Response): Promise<unknown> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength
    if (size > MAX_ANSWER) throw new Error('its answer is too large')
    chunks.push(chunk)
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8'))
}

function refusal(answer: unknown): AdminRefusal | undefined {
  if (typeof answer !== 'object' || answer === null) return undefined
  if (!('code' in answer && typeof answer.code === 'string')) return undefined
  const detail = 'detail' in answer && typeof answer.detail === 'string' ? answer.detail : answer.code
  const hint = 'hint' in answer && typeof answer.hint === 'string' ? answer.hint : undefined
  return new AdminRefusal(answer.code, detail, hint)
}

const unreachable = (url: URL, error: unknown) =>
  new AdminUnreachable(`no admin API answers at ${url.origin}: ${fetchFailedBecause(error)}`)

async function* readStream(url: URL, body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body
  } catch (error) {
    throw unreachable(url, error)
  }
}

async function openStream(
  url: URL,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  let response: Response
  try {
    response = await fetch(url, { headers, redirect: 'manual', signal })
  } catch (error) {
    throw unreachable(url, error)
  }
  const type = response.headers.get('content-type')?.split(';')[0]
  if (response.ok && type === 'text/event-stream' && response.body !== null)
    return readStream(url, response.body)
  const answer = await readJson(response).catch(() => undefined)
  throw refusal(answer) ?? new AdminUnreachable(`no admin API at ${url.origin}: HTTP ${response.status}`)
}

async function exchange(url: URL, init: RequestInit): Promise<unknown> {
  let answer: unknown
  let response: Response
  try {
    response = await fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT) })
    answer = await readJson(response)
  } catch (error) {
    throw unreachable(url, error)
  }
  if (response.ok) return answer
  throw refusal(answer) ?? new AdminUnreachable(`no admin API at ${url.origin}: HTTP ${response.status}`)
}

/** Asks for what needs no token. @throws AdminRefusal, AdminUnreachable */
export function askOpenly(base: URL, path: string): Promise<unknown> {
  return exchange(new URL(path, base), {})
}

export function createAdminClient(base: URL, token: Secret): AdminClient {
  const authorization = () => `Bearer ${token.reveal()}`
  return {
    get: (path) => exchange(new URL(path, base), { headers: { authorization: authorization() } }),
    post: (path, body) =>
      exchange(new URL(path, base), {
        method: 'POST',
        headers: { authorization: authorization(), 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    stream: (path, signal) => openStream(new URL(path, base), { authorization: authorization() }, signal),
  }
}

/** More members may come with a newer server; fewer are an error. @throws AdminUnreachable when another service answered. */
export function read<T>(schema: z.ZodType<T>, answer: unknown): T {
  const result = schema.safeParse(answer)
  if (result.success) return result.data
  throw new AdminUnreachable('the answer is not one of the admin API')
}
