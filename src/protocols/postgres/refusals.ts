// Refuses a message in such a way that the session goes on as after a server's own error.
import { ProtocolError } from '../../core/errors.ts'
import type { AnalysisResult } from '../../core/facts.ts'
import { cstring } from '../../wire/writer.ts'
import type { Conversation } from './conversation.ts'
import type { Expected } from './expected.ts'
import { FRONTEND } from './messages/codes.ts'
import { message } from './messages/encode.ts'
import { failingBind, failingExecute, failingFunctionCall, failingParse, failingQuery } from './stand-in.ts'
import type { StandInError } from './statement.ts'

/** Each gives true: the message has been dealt with. */
export interface Refusals {
  query(error: StandInError): true
  parse(error: StandInError): true
  bind(error: StandInError): true
  execute(error: StandInError): true
  functionCall(): true
  oversize(type: number, length: number): true
  notAnalysed(analysis: Exclude<AnalysisResult, { kind: 'facts' }>): StandInError
  noSuchStatement(name: string): StandInError
  noSuchPortal(name: string): StandInError
}

export function createRefusals(talk: Conversation): Refusals {
  const { out, expected } = talk

  function extended(bytes: Uint8Array, entry: Expected): true {
    expected.push(entry)
    out.toServer(bytes)
    talk.open = true
    // The server will skip up to Sync: what the client sends until then goes nowhere.
    talk.skipping = true
    return true
  }

  const nothing = () => undefined
  const refusals: Refusals = {
    query(error) {
      expected.push({ kind: 'query', run: undefined, mark: talk.sqlNames.mark(), error })
      out.toServer(failingQuery())
      return true
    },
    parse: (error) => extended(failingParse(talk.nowhere), { kind: 'parse', commit: nothing, error }),
    bind: (error) => extended(failingBind(talk.nowhere), { kind: 'bind', commit: nothing, error }),
    execute: (error) =>
      extended(failingExecute(talk.nowhere), { kind: 'execute', portal: undefined, run: undefined, error }),
    functionCall() {
      const refusal = {
        code: 'unsupported',
        message: 'fast-path function calls are refused',
        hint: 'Call the function in a SELECT instead.',
      } as const
      expected.push({ kind: 'function-call', error: { kind: 'refusal', refusal } })
      out.toServer(failingFunctionCall())
      return true
    },
    oversize(type, length) {
      const error = tooLarge(length)
      switch (type) {
        case FRONTEND.Query:
          return refusals.query(error)
        case FRONTEND.Parse:
          return refusals.parse(error)
        case FRONTEND.Bind:
          return refusals.bind(error)
        case FRONTEND.CopyData:
          if (talk.copy === 'in')
            out.toServer(message(FRONTEND.CopyFail, cstring('a message is over the limit')))
          return true
        default:
          throw new ProtocolError(`a message of ${length} bytes is over the limit`, 'too-large')
      }
    },
    notAnalysed(analysis) {
      if (analysis.kind === 'too-large') return tooLarge(analysis.limit)
      return { kind: 'server', sqlstate: '42601', message: analysis.message, position: analysis.position }
    },
    noSuchStatement: (name) => ({
      kind: 'server',
      sqlstate: '26000',
      message:
        name === ''
          ? 'unnamed prepared statement does not exist'
          : `prepared statement "${name}" does not exist`,
    }),
    noSuchPortal: (name) => ({
      kind: 'server',
      sqlstate: '34000',
      message: `portal "${name}" does not exist`,
    }),
  }
  return refusals
}

function tooLarge(length: number): StandInError {
  return {
    kind: 'refusal',
    refusal: {
      code: 'too-large',
      message: `the message is too large to be judged (${length} bytes)`,
      hint: 'Send the data as parameters or with COPY, or ask for a higher limit on this resource.',
    },
  }
}
