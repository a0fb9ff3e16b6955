// The console's cookies: the login, and the attempts at one. `__Host-` binds them to this host, over https, for all paths.
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { WebContext } from './context.ts'

type Name = 'chaperone' | `chaperone-login-${string}`

/** How long the way to the issuer and back may take, in seconds. */
export const ATTEMPT_SECONDS = 600

/** http is for loopback only (the configuration sees to it), where browsers would not send a Secure cookie everywhere. */
const isSecure = (publicUrl: URL) => publicUrl.protocol === 'https:'
const nameOf = (name: Name, publicUrl: URL) => (isSecure(publicUrl) ? `__Host-${name}` : name)

export function readCookie(context: WebContext, publicUrl: URL, name: Name): string | undefined {
  return getCookie(context, nameOf(name, publicUrl))
}

/** Those whose names begin so, by their names without the browser's prefix. */
export function cookiesOf(
  context: WebContext,
  publicUrl: URL,
  prefix: 'chaperone-login-',
): readonly (readonly [Name, string])[] {
  const start = nameOf(prefix, publicUrl)
  return Object.entries(getCookie(context)).flatMap(([name, value]) =>
    name.startsWith(start) ? [[`${prefix}${name.slice(start.length)}`, value] as const] : [],
  )
}

export function writeCookie(
  context: WebContext,
  publicUrl: URL,
  name: Name,
  value: string,
  maxAge?: number,
): void {
  setCookie(context, nameOf(name, publicUrl), value, {
    httpOnly: true,
    path: '/',
    // Lax, since the browser comes back from the issuer's site; no form from elsewhere brings it along.
    sameSite: 'Lax',
    secure: isSecure(publicUrl),
    ...(maxAge === undefined ? {} : { maxAge }),
  })
}

export function dropCookie(context: WebContext, publicUrl: URL, name: Name): void {
  deleteCookie(context, nameOf(name, publicUrl), { path: '/', secure: isSecure(publicUrl) })
}
