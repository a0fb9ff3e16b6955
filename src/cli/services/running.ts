// The services as whoever started them has them, in one process or in several.

export interface Services {
  /** where Envoy reaches the processor */
  readonly processor: string
  /** URL of health, metrics and the approvals API */
  readonly admin: string
  /** Reads the configuration's file again, and takes up its policies and masks if they are good. Never rejects. */
  reload(): Promise<void>
  /** Health first, then sessions after the grace period, then the rest. A second call waits for the first. */
  stop(): Promise<void>
}
