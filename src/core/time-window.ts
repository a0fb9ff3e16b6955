// A window of the week on somebody's clock. Daylight saving moves it with the clock on the wall.

export const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const

export interface TimeWindow {
  /** IANA name */
  readonly time_zone: string
  /** every day when absent */
  readonly days?: readonly (typeof DAYS)[number][] | undefined
  /** `08:30`; 00:00 when absent */
  readonly from?: string | undefined
  /** the minute after the last; 24:00 when absent. Before `from`, it is of the next day */
  readonly to?: string | undefined
}

/** Minutes after midnight; `to` is the first that is out. */
export interface Minutes {
  readonly from: number
  readonly to: number
}

const DAY = 24 * 60
const NAMES: readonly string[] = DAYS
const MINUTE_MS = 60_000

export function minutesOf({ from = '00:00', to = '24:00' }: TimeWindow): Minutes {
  return { from: minuteOf(from), to: minuteOf(to) }
}

function minuteOf(text: string): number {
  const [hour = 0, minute = 0] = text.split(':').map(Number)
  return hour * 60 + minute
}

/**
 * @returns whether a moment, in milliseconds since the epoch, lies in the window
 * @throws RangeError for a zone that the time zone database does not have
 */
export function timeWindow(config: TimeWindow): (at: number) => boolean {
  const { from, to } = minutesOf(config)
  const days = new Set<number>((config.days ?? DAYS).map((day) => DAYS.indexOf(day)))
  const local = localMinute(config.time_zone)
  return (at) => {
    const minuteOfWeek = local(at)
    const day = Math.floor(minuteOfWeek / DAY)
    const minute = minuteOfWeek % DAY
    if (from < to) return days.has(day) && minute >= from && minute < to
    // Over midnight: what is before `to` belongs to the day before.
    return minute >= from ? days.has(day) : minute < to && days.has((day + 6) % 7)
  }
}

/** Minutes of the week on the window's own clock: each day's begin and the first that is out, in order, joined where they meet. */
function spansOf(config: TimeWindow): readonly (readonly [number, number])[] {
  const { from, to } = minutesOf(config)
  const week = 7 * DAY
  const spans = (config.days ?? DAYS).flatMap((day) => {
    const [begin, end] = [
      DAYS.indexOf(day) * DAY + from,
      DAYS.indexOf(day) * DAY + (from < to ? to : DAY + to),
    ]
    // Over Sunday's midnight: what is of the next week is Monday's.
    return end <= week ? [[begin, end] as const] : [[begin, week] as const, [0, end - week] as const]
  })
  const joined: [number, number][] = []
  for (const [begin, end] of spans.sort(([a], [b]) => a - b)) {
    const last = joined.at(-1)
    if (last !== undefined && begin <= last[1]) last[1] = Math.max(last[1], end)
    else if (begin < end) joined.push([begin, end])
  }
  return joined
}

/** Is all of one window in the other? Of two clocks that is not told: no. */
export function windowWithin(narrow: TimeWindow, wide: TimeWindow): boolean {
  if (narrow.time_zone !== wide.time_zone) return false
  const outer = spansOf(wide)
  return spansOf(narrow).every(([begin, end]) => outer.some(([first, last]) => first <= begin && end <= last))
}

/**
 * Minutes since Monday, 00:00, of a moment. Asking the time zone database takes microseconds, so a minute is asked for once.
 *
 * @throws RangeError for a zone that the database does not have
 */
export function localMinute(timeZone: string): (at: number) => number {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
  let known = Number.NaN
  let answer = 0
  return (at) => {
    const minute = Math.floor(at / MINUTE_MS)
    if (minute === known) return answer
    const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]))
    const day = NAMES.indexOf(parts.weekday?.toLowerCase() ?? '')
    const within = Number(parts.hour) * 60 + Number(parts.minute)
    if (day < 0 || !Number.isInteger(within)) throw new Error(`the time in ${timeZone} cannot be told`)
    known = minute
    answer = day * DAY + within
    return answer
  }
}

/** `mon-fri 09:00-17:00 Europe/Berlin`, for people. */
export function describeTimeWindow({ time_zone, days, from = '00:00', to = '24:00' }: TimeWindow): string {
  return [days?.join(', ') ?? 'every day', `${from}-${to}`, time_zone].join(' ')
}
