// Reads what a request brings: its body within a limit, whatever length it states, and its members by a schema.
import type { z } from 'zod'
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

/** @throws Problem `invalid-request`, naming what is wrong */
export function parsed<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issues = result.error.issues.map((issue) => `${issue.path.join('.') || 'request'}: ${issue.message}`)
  throw new Problem('invalid-request', issues.join('; ').slice(0, 500))
}

/** No body means that nothing is said. @throws Problem for what is too large, no JSON, or not of the schema */
export async function readJson<T>(request: Request, limit: number, schema: z.ZodType<T>): Promise<T> {
  const text = await readText(request, limit)
  if (text === '') return parsed(schema, {})
  const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/json') throw new Problem('unsupported-media-type')
  try {
    return parsed(schema, JSON.parse(text))
  } catch (error) {
    if (error instanceof Problem) throw error
    throw new Problem('invalid-request', 'The body is not JSON.')
  }
}
