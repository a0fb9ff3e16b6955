// What every kind of channel promises: it sends one message once, and says what became of it.
import type { Told } from './told.ts'

export interface Message {
  /** the same for every attempt, so that a receiver can tell a repetition */
  readonly id: string
  readonly event: 'requested' | 'settled'
  /** when it happened, in milliseconds since the epoch */
  readonly at: number
  readonly told: Told
  /** of `settled`: what the channel gave back when it delivered `requested` */
  readonly receipt?: string
}

export type Delivery =
  | { readonly kind: 'delivered'; readonly receipt?: string }
  /** worth another attempt, not before `after` milliseconds where the receiver said so */
  | { readonly kind: 'later'; readonly reason: string; readonly after?: number }
  /** it would fail again */
  | { readonly kind: 'never'; readonly reason: string }

export interface Channel {
  readonly includeParameters: boolean
  /** of one attempt, in milliseconds */
  readonly timeout: number
  /** attempts: what the receiver, or the people who read it, put up with */
  readonly perMinute: number
  /** Is the end of a request told where its beginning was not? Programs want it, people do not. */
  readonly settledAlone: boolean
  /** May reject: that is worth another attempt. Stops soon after the signal's abort. */
  send(message: Message, signal: AbortSignal): Promise<Delivery>
}
