// Windows of the week hold by what the clock on the wall shows, also where it is put forward or back. The clocks here are
// computed from the laws of the zones, without the time zone database.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DAYS, type TimeWindow, timeWindow, windowWithin } from '../../../src/core/time-window.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const YEARS = [2024, 2025, 2026, 2027, 2028]

type Day = (typeof DAYS)[number]

/** DAYS begins with Monday; the epoch was a Thursday. */
const weekday = (naive: number): Day => DAYS[(((Math.floor(naive / DAY) + 3) % 7) + 7) % 7] as Day

/** Midnight, UTC, of the n-th such weekday of a month (0 is January); the last where n is 0. */
function nth(year: number, month: number, day: Day, n: number): number {
  const days = Array.from({ length: 31 }, (_, date) => Date.UTC(year, month, date + 1)).filter(
    (at) => new Date(at).getUTCMonth() === month && weekday(at) === day,
  )
  return (n === 0 ? days.at(-1) : days[n - 1]) as number
}

interface Zone {
  readonly name: string
  /** minutes east of UTC, in winter */
  readonly offset: number
  /** minutes that summer adds */
  readonly summer?: number
  /** when summer begins and ends, in UTC, of a year */
  readonly begins?: (year: number) => number
  readonly ends?: (year: number) => number
}

const EU = {
  summer: 60,
  begins: (year: number) => nth(year, 2, 'sun', 0) + HOUR,
  ends: (year: number) => nth(year, 9, 'sun', 0) + HOUR,
}
const us = (offset: number) => ({
  ...{ offset, summer: 60 },
  begins: (year: number) => nth(year, 2, 'sun', 2) + 2 * HOUR - offset * MINUTE,
  ends: (year: number) => nth(year, 10, 'sun', 1) + HOUR - offset * MINUTE,
})

const ZONES: readonly Zone[] = [
  { name: 'UTC', offset: 0 },
  { name: 'Asia/Kolkata', offset: 330 },
  { name: 'Asia/Kathmandu', offset: 345 },
  { name: 'Pacific/Marquesas', offset: -570 },
  { name: 'Pacific/Kiritimati', offset: 840 },
  { name: 'Etc/GMT+12', offset: -720 },
  { name: 'Europe/Berlin', offset: 60, ...EU },
  { name: 'Europe/London', offset: 0, ...EU },
  // where midnight is skipped, and comes twice
  { name: 'Atlantic/Azores', offset: -60, ...EU },
  { name: 'America/New_York', ...us(-300) },
  { name: 'America/St_Johns', ...us(-210) },
  {
    ...{ name: 'America/Havana', offset: -300, summer: 60 },
    begins: (year) => nth(year, 2, 'sun', 2) + 5 * HOUR,
    ends: (year) => nth(year, 10, 'sun', 1) + 5 * HOUR,
  },
  // its summer is half an hour
  {
    ...{ name: 'Australia/Lord_Howe', offset: 630, summer: 30 },
    begins: (year) => nth(year, 9, 'sun', 1) + 2 * HOUR - 630 * MINUTE,
    ends: (year) => nth(year, 3, 'sun', 1) + 2 * HOUR - 660 * MINUTE,
  },
  {
    ...{ name: 'Pacific/Chatham', offset: 765, summer: 60 },
    begins: (year) => nth(year, 8, 'sun', 0) - 10 * HOUR,
    ends: (year) => nth(year, 3, 'sun', 1) - 10 * HOUR,
  },
]

/** Milliseconds that the clock on the wall is ahead of UTC. */
function ahead({ offset, summer = 0, begins, ends }: Zone, at: number): number {
  const year = new Date(at).getUTCFullYear()
  const [from, to] = [begins?.(year), ends?.(year)]
  if (from === undefined || to === undefined) return offset * MINUTE
  const isSummer = from < to ? at >= from && at < to : at >= from || at < to
  return (offset + (isSummer ? summer : 0)) * MINUTE
}

const minutes = (text: string) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3))

/** A window of each day that it names, on the calendar: does what the wall shows lie in one of them? */
function byDefinition(zone: Zone, { days = DAYS, from = '00:00', to = '24:00' }: TimeWindow, at: number) {
  const wall = at + ahead(zone, at)
  const today = Math.floor(wall / DAY) * DAY
  return [today, today - DAY].some((day) => {
    const begins = day + minutes(from) * MINUTE
    const ends = day + minutes(to) * MINUTE
    return days.includes(weekday(day)) && wall >= begins && wall < (ends > begins ? ends : ends + DAY)
  })
}

const time = fc
  .integer({ min: 0, max: 1439 })
  .map((n) => `${String(Math.floor(n / 60)).padStart(2, '0')}:${String(n % 60).padStart(2, '0')}`)
/** Early hours, in which clocks are changed, more often than others. */
const early = fc
  .integer({ min: 0, max: 240 })
  .map((n) => `${String(Math.floor(n / 60)).padStart(2, '0')}:${String(n % 60).padStart(2, '0')}`)
const window = fc
  .record(
    {
      days: fc.uniqueArray(fc.constantFrom(...DAYS), { minLength: 1 }),
      from: fc.oneof(time, early),
      to: fc.oneof(time, early, fc.constant('24:00')),
    },
    { requiredKeys: [] },
  )
  .filter(({ from = '00:00', to = '24:00' }) => from !== to)

/** Around the changes of a zone's clock, and anywhere. */
const moment = (zone: Zone) => {
  const changes = YEARS.flatMap((year) => [zone.begins?.(year) ?? [], zone.ends?.(year) ?? []]).flat()
  const anywhere = fc.integer({ min: Date.UTC(2024, 0, 2), max: Date.UTC(2028, 11, 30) })
  if (changes.length === 0) return anywhere
  const near = fc.tuple(fc.constantFrom(...changes), fc.integer({ min: -26 * HOUR, max: 26 * HOUR }))
  return fc.oneof(anywhere, { arbitrary: near.map(([at, by]) => at + by), weight: 3 })
}

describe.each(ZONES)('$name', (zone) => {
  it('shows the time that its law says', () => {
    const format = new Intl.DateTimeFormat('en-GB', {
      ...{ timeZone: zone.name, hourCycle: 'h23' },
      ...{ year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' },
    })
    fc.assert(
      fc.property(moment(zone), (at) => {
        const wall = new Date(at + ahead(zone, at)).toISOString()
        const [, year, month, day, clock] = /^(\d+)-(\d+)-(\d+)T(\d+:\d+)/.exec(wall) ?? []
        expect(format.format(at)).toBe(`${day}/${month}/${year}, ${clock}`)
      }),
    )
  })

  it('has every moment in a window that the clock on the wall has in it, and no other', () => {
    fc.assert(
      fc.property(window, fc.array(moment(zone), { minLength: 1, maxLength: 20 }), (parts, moments) => {
        const config = { time_zone: zone.name, ...parts } as TimeWindow
        const within = timeWindow(config)
        // Also where the clock is set back: an answer that is remembered is that of its minute.
        for (const at of [...moments, ...moments.toReversed()])
          expect([at, within(at)]).toEqual([at, byDefinition(zone, config, at)])
      }),
      { numRuns: 300 },
    )
  })
})

it('a window is within another if it leaves out no minute of the week that is not in the other', () => {
  const time = fc.constantFrom('00:00', '06:00', '12:00', '17:59', '18:00', '23:59')
  const window = fc
    .record({
      days: fc.option(fc.uniqueArray(fc.constantFrom(...DAYS), { minLength: 1 }), { nil: undefined }),
      from: time,
      to: fc.oneof(time, fc.constant('24:00')),
    })
    .filter(({ from, to }) => from !== to)
    .map((one): TimeWindow => ({ time_zone: 'UTC', ...one }))
  const minutes = Array.from({ length: 7 * 24 * 60 }, (_, minute) => minute * MINUTE)
  fc.assert(
    fc.property(window, window, (narrow, wide) => {
      const [inner, outer] = [timeWindow(narrow), timeWindow(wide)]
      expect(windowWithin(narrow, wide)).toBe(minutes.every((at) => !inner(at) || outer(at)))
    }),
    { numRuns: 40 },
  )
})
