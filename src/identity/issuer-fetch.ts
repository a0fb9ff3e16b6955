// The way to an issuer for a login: one request with its own limits, over TLS that trusts what the issuer's entry says.
import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'

/** A person waits for it. */
const TIMEOUT_MS = 5000
/** Metadata and answers with tokens have a few kilobytes. */
const MAX_BYTES = 512 * 1024

export interface IssuerRequest {
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export type IssuerFetch = (url: string, request: IssuerRequest) => Promise<Response>

/** Redirects come back as they are: nothing that is sent goes where an answer points. @param ca PEM, instead of the system's */
export function createIssuerFetch(ca: string | undefined, signal: AbortSignal): IssuerFetch {
  return async (url, { method, headers, body }) => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)])
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const common = { method, headers, signal: limit, agent: false as const, maxHeaderSize: 16 * 1024 }
      const request = url.startsWith('https:')
        ? requestHttps(url, ca === undefined ? common : { ...common, ca })
        : requestHttp(url, common)
      request.once('response', resolve)
      request.on('error', reject)
      request.end(body)
    })
    return responseOf(answer)
  }
}

async function responseOf(answer: IncomingMessage): Promise<Response> {
  try {
    const chunks: Buffer[] = []
    let length = 0
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      length += chunk.length
      if (length > MAX_BYTES) throw new Error(`the answer is longer than ${MAX_BYTES} bytes`)
      chunks.push(chunk)
    }
    const headers = new Headers()
    for (const [name, value] of Object.entries(answer.headers)) {
      for (const one of [value ?? []].flat()) headers.append(name, one)
    }
    const status = answer.statusCode ?? 500
    // The Fetch standard knows no body with these.
    const body = status === 204 || status === 304 ? null : Buffer.concat(chunks)
    return new Response(body, { status, headers })
  } finally {
    answer.destroy()
  }
}
