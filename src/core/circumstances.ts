// What a decision may rest on besides who asks and what: when, and from where.

export interface Circumstances {
  /** milliseconds since the epoch */
  readonly at: number
  /** `ip:port` of the client, as Envoy's outer listener saw it (E11) */
  readonly source: string
  /** what the client said at its login that it is: never believed, so it can only refuse or hold */
  readonly application?: string
}
