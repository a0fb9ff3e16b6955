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

export const createRefusals = (talk: Conversation): Refusals => new RefusalsOfSession(talk)

class RefusalsOfSession implements Refusals {
  readonly #talk: Conversation

  constructor(talk: Conversation) {
    this.#talk = talk
  }

  query(error: StandInError): true {
    const { expected, out, sqlNames } = this.#talk
    expected.push({ kind: 'query', run: undefined, mark: sqlNames.mark(), error })
    out.toServer(failingQuery())
    return true
  }

  parse(error: StandInError): true {
    return this.#extended(failingParse(this.#talk.nowhere), { kind: 'parse', commit: nothing, error })
  }

  bind(error: StandInError): true {
    return this.#extended(failingBind(this.#talk.nowhere), { kind: 'bind', commit: nothing, error })
  }

  execute(error: StandInError): true {
    return this.#extended(failingExecute(this.#talk.nowhere), {
      kind: 'execute',
      portal: undefined,
      run: undefined,
      error,
    })
  }

  functionCall(): true {
    const { expected, out } = this.#talk
    expected.push({ kind: 'function-call', error: { kind: 'refusal', refusal: NO_FAST_PATH } })
    out.toServer(failingFunctionCall())
    return true
  }

  oversize(type: number, length: number): true {
    const error = tooLarge(length)
    switch (type) {
      case FRONTEND.Query:
        return this.query(error)
      case FRONTEND.Parse:
        return this.parse(error)
      case FRONTEND.Bind:
        return this.bind(error)
      case FRONTEND.CopyData:
        if (this.#talk.copy === 'in')
          this.#talk.out.toServer(message(FRONTEND.CopyFail, cstring('a message is over the limit')))
        return true
      default:
        throw new ProtocolError(`a message of ${length} bytes is over the limit`, 'too-large')
    }
  }

  notAnalysed(analysis: Exclude<AnalysisResult, { kind: 'facts' }>): StandInError {
    if (analysis.kind === 'too-large') return tooLarge(analysis.limit)
    return { kind: 'server', sqlstate: '42601', message: analysis.message, position: analysis.position }
  }

  noSuchStatement(name: string): StandInError {
    const what = name === '' ? 'unnamed prepared statement' : `prepared statement "${name}"`
    return { kind: 'server', sqlstate: '26000', message: `${what} does not exist` }
  }

  noSuchPortal(name: string): StandInError {
    return { kind: 'server', sqlstate: '34000', message: `portal "${name}" does not exist` }
  }

  #extended(bytes: Uint8Array, entry: Expected): true {
    const talk = this.#talk
    talk.expected.push(entry)
    talk.out.toServer(bytes)
    talk.open = true
    // The server will skip up to Sync: what the client sends until then goes nowhere.
    talk.skipping = true
    return true
  }
}

const nothing = () => undefined

const NO_FAST_PATH = {
  code: 'unsupported',
  message: 'fast-path function calls are refused',
  hint: 'Call the function in a SELECT instead.',
} as const

/** @param length bytes */
export function tooLarge(length: number): StandInError {
  return {
    kind: 'refusal',
    refusal: {
      code: 'too-large',
      message: `the message is too large to be judged (${length} bytes)`,
      hint: 'Send the data as parameters or with COPY, or ask for a higher limit on this resource.',
    },
  }
}
