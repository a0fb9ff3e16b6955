// Where people see a request for approval: one place that says what links in messages look like.

/** @param publicUrl `admin.public_url` of the configuration */
export function requestUrl(publicUrl: string, id: string): string {
  return new URL(`/requests/${encodeURIComponent(id)}`, publicUrl).href
}
