// Reads a request's body within a limit, whatever length it states.
import { Problem } from './problem.ts'

/** @throws Problem `too-large` as soon as it is known, `invalid-request` when the bytes are not UTF-8. */
export async function readText(request: Request, limit: number): Promise<string> {
  if (Number(request.headers.get('content-length') ?? 0) > limit) throw new Problem('too-large')
  if (request.body === null) return ''
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body) {
    size += chunk.byteLength
    if (size > limit) throw new Problem('too-large')
    chunks.push(chunk)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
  } catch {
    throw new Problem('invalid-request', 'The body is not UTF-8.')
  }
}
