// Forms: taken from this console's own pages, for the login that the page was made for, and from nowhere else.
import { readText } from '../body.ts'
import type { WebContext } from './context.ts'
import { readCookie } from './cookies.ts'
import { isCsrfOf, type Login } from './logins.ts'
import type { WebParts } from './parts.ts'
import { PageProblem } from './problem.ts'

/** Bytes: a reason of a thousand characters, each escaped as up to twelve, and the token. */
const LONGEST = 16 * 1024

const FORGED = 'This form is not from a page of this login, so nothing was done.'

/** @throws PageProblem unless the browser says that the form is from here. It cannot be made to say so by another site. */
function checkOrigin(context: WebContext, publicUrl: URL): void {
  const site = context.req.header('sec-fetch-site')
  const isHere =
    context.req.header('origin') === publicUrl.origin && (site ?? 'same-origin') === 'same-origin'
  if (!isHere) throw new PageProblem(403, FORGED, `Open ${publicUrl.origin} and do it there.`)
}

export interface Form {
  readonly login: Login
  /** one field, trimmed; undefined when it is empty, or there more than once */
  field(name: string): string | undefined
}

/** @throws PageProblem for a form from elsewhere, without a login, or of another login */
export async function readForm(
  context: WebContext,
  parts: Pick<WebParts, 'publicUrl' | 'logins'>,
): Promise<Form> {
  checkOrigin(context, parts.publicUrl)
  const type = context.req.header('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/x-www-form-urlencoded')
    throw new PageProblem(415, 'This is not a form of a page.')
  const login = parts.logins.find(readCookie(context, parts.publicUrl, 'chaperone') ?? '', true)
  if (login === undefined) {
    throw new PageProblem(401, 'Your login has ended, so nothing was done.', 'Log in and do it again.')
  }
  const fields = new URLSearchParams(await readText(context.req.raw, LONGEST))
  if (!isCsrfOf(login, fields.get('csrf') ?? '')) {
    throw new PageProblem(403, FORGED, 'Load the page again, and do it there.')
  }
  return {
    login,
    field(name) {
      const values = fields.getAll(name)
      const value = values.length === 1 ? values[0]?.trim() : undefined
      return value === '' ? undefined : value
    },
  }
}
