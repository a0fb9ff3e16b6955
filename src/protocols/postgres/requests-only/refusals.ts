// Refuses a message by one that fails in its place, so that the server itself does what follows from an error.
import { Buffer } from 'node:buffer'
import { ProtocolError } from '../../../core/errors.ts'
import type { AnalysisResult } from '../../../core/facts.ts'
import { cstring } from '../../../wire/writer.ts'
import type { Conversation } from '../conversation.ts'
import { FRONTEND } from '../messages/codes.ts'
import { message } from '../messages/encode.ts'
import { tooLarge } from '../refusals.ts'
import type { StandInError } from '../statement.ts'
import type { Sending } from './sending.ts'
import { failingParse, failingQuery } from './stand-in.ts'

export interface Refusals {
  query(error: StandInError): void
  /** what the client sends up to its next Sync goes nowhere, as the server would skip it */
  extended(error: StandInError): void
  functionCall(): void
  ambiguous(what: string, name: string): void
  noSuchStatement(name: string): void
  noSuchPortal(name: string): void
  /** a message over the limit. @throws ProtocolError where no error can stand in for it */
  oversize(type: number, length: number): void
  notAnalysed(analysis: Exclude<AnalysisResult, { kind: 'facts' }>): StandInError
}

/** Random bytes in the quotes of one stand-in. */
const TAG_BYTES = 8

export function createRefusals(talk: Conversation, sending: Sending): Refusals {
  const query = (error: StandInError) =>
    sending.now(failingQuery(error, Buffer.from(talk.context.random(TAG_BYTES)).toString('hex')))
  const extended = (error: StandInError) => {
    sending.now(failingParse(error, talk.nowhere))
    talk.skipping = true
  }
  const server = (sqlstate: string, text: string): StandInError => ({
    kind: 'server',
    sqlstate,
    message: text,
  })
  const unnamed = (name: string, what: string, text: string) => (name === '' ? text : `${what} "${name}"`)

  return {
    query,
    extended,
    oversize(type, length) {
      switch (type) {
        case FRONTEND.Query:
          return query(tooLarge(length))
        case FRONTEND.Parse:
        case FRONTEND.Bind:
          return extended(tooLarge(length))
        case FRONTEND.CopyData:
          return sending.now(message(FRONTEND.CopyFail, cstring('a message is over the limit')))
        default:
          throw new ProtocolError(`a message of ${length} bytes is over the limit`, 'too-large')
      }
    },
    notAnalysed: (analysis) =>
      analysis.kind === 'too-large' ? tooLarge(analysis.limit) : server('42601', analysis.message),
    functionCall() {
      const text = 'fast-path function calls are refused'
      const hint = 'Call the function in a SELECT instead.'
      query({ kind: 'refusal', refusal: { code: 'unsupported', message: text, hint } })
    },
    ambiguous(what, name) {
      const called = name === '' ? `the unnamed ${what}` : `the ${what} ${JSON.stringify(name)}`
      const text = `${called} had more than one meaning in this session, and results are not processed here`
      const hint = 'Send Parse, Bind and Execute without a Sync between them, or use a name once'
      extended({ kind: 'refusal', refusal: { code: 'not-understood', message: text, hint } })
    },
    noSuchStatement(name) {
      const what = unnamed(name, 'prepared statement', 'unnamed prepared statement')
      extended(server('26000', `${what} does not exist`))
    },
    noSuchPortal: (name) => extended(server('34000', `portal "${name}" does not exist`)),
  }
}
