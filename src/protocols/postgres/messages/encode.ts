// Encodes the messages that Chaperone itself sends, to clients and to servers.
import { Buffer } from 'node:buffer'
import { type Refusal, SQLSTATE } from '../../../core/errors.ts'
import { concat, cstring, int16, int32 } from '../../../wire/writer.ts'
import { AUTHENTICATION, BACKEND, FRONTEND, PROTOCOL_MAJOR, REQUEST } from './codes.ts'

/** One message: type byte, length that counts itself, body. */
export function message(type: number, ...body: readonly Uint8Array[]): Uint8Array {
  const length = body.reduce((sum, part) => sum + part.length, 4)
  return concat([Uint8Array.of(type), int32(length), ...body])
}

export function startupMessage(parameters: Readonly<Record<string, string>>): Uint8Array {
  const fields = Object.entries(parameters).flatMap(([key, value]) => [cstring(key), cstring(value)])
  const body = concat([int32(PROTOCOL_MAJOR << 16), ...fields, Uint8Array.of(0)])
  return concat([int32(body.length + 4), body])
}

export function cancelRequest(serverKey: Uint8Array): Uint8Array {
  return concat([int32(8 + serverKey.length), int32(REQUEST.Cancel), serverKey])
}

export function authentication(
  kind: keyof typeof AUTHENTICATION,
  data: Uint8Array = new Uint8Array(0),
): Uint8Array {
  return message(BACKEND.Authentication, int32(AUTHENTICATION[kind]), data)
}

export function negotiateProtocolVersion(minor: number, unsupported: readonly string[]): Uint8Array {
  return message(
    BACKEND.NegotiateProtocolVersion,
    int32((PROTOCOL_MAJOR << 16) | minor),
    int32(unsupported.length),
    ...unsupported.map(cstring),
  )
}

type Severity = 'ERROR' | 'FATAL' | 'NOTICE'

export interface Diagnostic {
  readonly severity: Severity
  readonly sqlstate: string
  readonly message: string
  readonly detail?: string | undefined
  readonly hint?: string | undefined
  /** 1-based character in the statement */
  readonly position?: number | undefined
}

/** Field texts end at a zero byte, so one that came from outside must not hold any. */
const clean = (text: string): string => text.replaceAll('\0', ' ')

export function diagnostic(type: 'error' | 'notice', fields: Diagnostic): Uint8Array {
  const parts: [string, string | undefined][] = [
    ['S', fields.severity],
    ['V', fields.severity],
    ['C', fields.sqlstate],
    ['M', fields.message],
    ['D', fields.detail],
    ['H', fields.hint],
    ['P', fields.position === undefined ? undefined : String(fields.position)],
  ]
  const body = parts
    .filter((part): part is [string, string] => part[1] !== undefined)
    .map(([key, value]) => Buffer.concat([Buffer.from(key), cstring(clean(value))]))
  return message(type === 'error' ? BACKEND.ErrorResponse : BACKEND.NoticeResponse, ...body, Uint8Array.of(0))
}

/** Chaperone's own words begin with its name, so that nobody looks for the rule in the database. */
export function refusalError(refusal: Refusal, severity: 'ERROR' | 'FATAL'): Uint8Array {
  return diagnostic('error', {
    severity,
    sqlstate: SQLSTATE[refusal.code],
    message: `chaperone: ${refusal.message}`,
    detail: refusal.detail,
    hint: refusal.hint,
  })
}

export function notice(text: string, hint: string | undefined): Uint8Array {
  return diagnostic('notice', { severity: 'NOTICE', sqlstate: '00000', message: `chaperone: ${text}`, hint })
}

export const query = (sql: string): Uint8Array => message(FRONTEND.Query, cstring(sql))
export const parse = (name: string, sql: string): Uint8Array =>
  message(FRONTEND.Parse, cstring(name), cstring(sql), int16(0))
export const execute = (portal: string, maxRows = 0): Uint8Array =>
  message(FRONTEND.Execute, cstring(portal), int32(maxRows))
export const describePortal = (portal: string): Uint8Array =>
  message(FRONTEND.Describe, Buffer.from('P'), cstring(portal))
export const closeStatement = (name: string): Uint8Array =>
  message(FRONTEND.Close, Buffer.from('S'), cstring(name))
export const closePortal = (name: string): Uint8Array =>
  message(FRONTEND.Close, Buffer.from('P'), cstring(name))
export const password = (data: Uint8Array): Uint8Array => message(FRONTEND.Password, data)
export const sync = (): Uint8Array => message(FRONTEND.Sync)
export const flush = (): Uint8Array => message(FRONTEND.Flush)
export const terminate = (): Uint8Array => message(FRONTEND.Terminate)

/** Bind with text parameters and text results. */
export function bind(portal: string, statement: string, parameters: readonly string[]): Uint8Array {
  const values = parameters.flatMap((text) => {
    const bytes = Buffer.from(text)
    return [int32(bytes.length), bytes]
  })
  return message(
    FRONTEND.Bind,
    cstring(portal),
    cstring(statement),
    int16(0),
    int16(parameters.length),
    ...values,
    int16(0),
  )
}
