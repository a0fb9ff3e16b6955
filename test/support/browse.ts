// A browser's part at the test issuer, without script: follows redirects with cookies, and submits each form that comes.

export interface Visit {
  /** the first address that starts with `until`, or the last one when a page without a form came */
  readonly url: URL
  /** of the last page; empty when `until` was reached */
  readonly page: string
}

function attribute(tag: string, name: string): string | undefined {
  return new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1]?.replaceAll('&amp;', '&')
}

function formOf(page: string, fields: Readonly<Record<string, string>>) {
  const form = /<form[^>]*>/.exec(page)?.[0]
  if (form === undefined) return undefined
  const body = new URLSearchParams()
  for (const [input] of page.matchAll(/<input[^>]*>/g)) {
    const name = attribute(input, 'name')
    if (name !== undefined) body.set(name, attribute(input, 'value') ?? '')
  }
  for (const [name, value] of Object.entries(fields)) body.set(name, value)
  return { action: attribute(form, 'action'), body }
}

/** @param fields what a person types and presses, by name; sent with every form */
export async function browse(
  start: string,
  fields: Readonly<Record<string, string>>,
  until?: string,
): Promise<Visit> {
  const cookies = new Map<string, string>()
  let url = new URL(start)
  let body: URLSearchParams | undefined
  for (let hops = 0; hops < 20; hops++) {
    if (until !== undefined && url.href.startsWith(until)) return { url, page: '' }
    const cookie = [...cookies].map(([key, value]) => `${key}=${value}`).join('; ')
    const request: RequestInit = { redirect: 'manual', headers: { cookie } }
    const response = await fetch(url, body === undefined ? request : { ...request, method: 'POST', body })
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';')
      cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1))
    }
    const page = await response.text()
    const location = response.headers.get('location')
    body = undefined
    if (location !== null) {
      url = new URL(location, url)
      continue
    }
    const form = formOf(page, fields)
    if (!response.ok || form === undefined) return { url, page }
    if (form.action !== undefined) url = new URL(form.action, url)
    body = form.body
  }
  throw new Error('the pages go round in circles')
}
