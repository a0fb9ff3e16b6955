// Leave for what anybody may cause, by address or principal: nobody takes all of it, and all together have an end.
import { createRate, type Rate } from './rate.ts'

export interface Leave {
  /** Takes leave for one of this address. */
  take(source: string): boolean
  /** It was not what is bounded here after all. */
  giveBack(source: string): void
}

export interface LeaveOptions {
  /** in a minute, of one address */
  readonly ofOne: number
  /** in a minute, of all of them; as many as they like when absent */
  readonly ofAll?: number
  /** of one address at once, and of all together; what a rate has otherwise */
  readonly burst?: number
  /** milliseconds, monotonic */
  readonly now?: () => number
}

/** Addresses whose rates are known: the one that was quiet longest is forgotten. */
const MOST = 1000

export function createLeave({ ofOne, ofAll, burst, now = () => performance.now() }: LeaveOptions): Leave {
  const all = ofAll === undefined ? undefined : createRate(ofAll, now, burst)
  /** the one that came last is last */
  const sources = new Map<string, Rate>()

  function rateOf(source: string): Rate {
    const rate = sources.get(source) ?? createRate(ofOne, now, burst)
    sources.delete(source)
    for (const oldest of sources.keys()) {
      if (sources.size < MOST) break
      sources.delete(oldest)
    }
    sources.set(source, rate)
    return rate
  }

  return {
    // One's own first: whoever has no leave left takes none from others.
    take: (source) => rateOf(source).take() && (all?.take() ?? true),
    giveBack(source) {
      rateOf(source).giveBack()
      all?.giveBack()
    },
  }
}
