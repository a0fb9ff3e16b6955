// What goes wrong on a page, told as a page.
import { ApprovalStoreError } from '../../approvals/contract.ts'
import { PROBLEMS, Problem, STORE_PROBLEMS } from '../problem.ts'

export type PageStatus = 400 | 401 | 403 | 404 | 405 | 409 | 413 | 415 | 421 | 429 | 500 | 502 | 503

/** Its message is shown to whoever asked. */
export class PageProblem extends Error {
  override readonly name = 'PageProblem'
  readonly status: PageStatus
  readonly hint: string | undefined

  constructor(status: PageStatus, message: string, hint?: string) {
    super(message)
    this.status = status
    this.hint = hint
  }
}

export const notFound = () => new PageProblem(404, 'There is no such thing, or you may not see it.')

/** Everything else that is thrown is a defect. */
export function asPageProblem(error: unknown): PageProblem {
  if (error instanceof PageProblem) return error
  if (error instanceof ApprovalStoreError) return ofCode(STORE_PROBLEMS[error.code])
  if (error instanceof Problem) return new PageProblem(PROBLEMS[error.code][0], error.message, error.hint)
  return ofCode('internal')
}

const ofCode = (code: keyof typeof PROBLEMS) => new PageProblem(PROBLEMS[code][0], PROBLEMS[code][1])
