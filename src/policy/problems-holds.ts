// Terms of holds that cannot be meant as they are written: what could never be approved, waited for or granted.
import { type HoldTermsConfig, maskHolds, peopleOfTerms } from '../config/hold-terms.ts'
import type { Finding } from '../config/problems.ts'
import type { MaskRuleConfig, PolicyRuleConfig } from '../config/schema.ts'
import { EXPIRES_AFTER, MAX_QUORUM } from '../core/hold-terms.ts'
import { HAVE_SHAPES } from '../core/shape.ts'
import { localMinute, type TimeWindow, timeWindow } from '../core/time-window.ts'
import { groupProblems, windowProblems } from './problems-conditions.ts'

type Path = readonly string[]

const MINUTE = 60_000
const MINUTES_OF_WEEK = 7 * 24 * 60
const WEEK = MINUTES_OF_WEEK * MINUTE
/** A Monday in winter; the hours of a week tell whether two windows can meet, while their clocks are as far apart. */
const SOME_WEEK = Date.UTC(2026, 0, 5)
const WEEKS_OF_YEAR = 53

export function holdProblems(path: Path, rule: PolicyRuleConfig): Finding[] {
  if (rule.decision !== 'hold') return []
  return [
    ...peopleProblems(path, rule),
    ...waitProblems(path, rule),
    ...shapeProblems(path, rule),
    ...hourProblems(path, rule),
    ...breakGlassProblems(path, rule),
  ]
}

/** Probes and copies may come from anybody whom the mask is for, at any time. */
export function maskHoldProblems(path: Path, mask: MaskRuleConfig): Finding[] {
  if (!maskHolds(mask)) return []
  return [
    ...peopleProblems(path, mask),
    ...waitProblems(path, mask),
    ...windowProblems([...path, 'approve_when'], mask.approve_when, 'nobody could approve'),
    ...groupProblems([...path, 'break_glass'], mask.break_glass),
  ]
}

function peopleProblems(path: Path, rule: HoldTermsConfig): Finding[] {
  const { approvers, each, quorum } = rule
  const found = [
    ...groupProblems([...path, 'approvers'], approvers),
    ...groupProblems([...path, 'each'], Object.keys(each ?? {})),
  ]
  if (approvers === undefined && each === undefined) {
    found.push({ path, message: 'it holds, but nobody may approve', cure: 'list groups under `approvers`' })
  } else if (peopleOfTerms(rule) === undefined) {
    const message = `it asks for more than ${MAX_QUORUM} people in all`
    found.push({ path: [...path, 'each'], message, cure: 'ask for fewer' })
  }
  if (quorum !== undefined && approvers === undefined && each !== undefined) {
    const message = 'it is the number of `approvers`, and there are none'
    found.push({ path: [...path, 'quorum'], message, cure: 'leave it out, or list `approvers`' })
  }
  return found
}

function waitProblems(path: Path, { wait, expires_after = EXPIRES_AFTER }: HoldTermsConfig): Finding[] {
  if (wait === undefined || wait < expires_after) return []
  const message = 'it has no effect: the request expires before'
  return [{ path: [...path, 'wait'], message, cure: 'leave it out, or make `expires_after` longer' }]
}

/** Only statements whose literals are nothing but values have a shape. */
function shapeProblems(path: Path, { window, effects }: PolicyRuleConfig): Finding[] {
  if (window === undefined || effects === '*' || effects.some((effect) => HAVE_SHAPES.has(effect))) return []
  const message = `nothing could be granted: what does ${effects.join(', ')} is approved as exactly what it is`
  return [{ path: [...path, 'window'], message, cure: 'leave it out' }]
}

function hourProblems(path: Path, rule: PolicyRuleConfig): Finding[] {
  const { approve_when: hours, when, expires_after: life = EXPIRES_AFTER } = rule
  const at = [...path, 'approve_when']
  const found = windowProblems(at, hours, 'nobody could approve')
  if (hours === undefined || when === undefined || found.length > 0) return found
  if (couldMeet(when, hours, life)) return []
  const message = 'nobody could approve: what it holds expires before these hours begin'
  return [{ path: at, message, cure: 'make `expires_after` longer, or widen one of the windows' }]
}

/** Is there a minute of the year in which the rule counts, with one in which approvals do before the request expires? */
function couldMeet(when: TimeWindow, hours: TimeWindow, life: number): boolean {
  return weeksOf(when, hours).some((week) => couldMeetIn(week, when, hours, life))
}

/** Clocks are put forward and back on other days in other places: a week for each distance that there is between two. */
function weeksOf(one: TimeWindow, other: TimeWindow): readonly number[] {
  const [first, second] = [localMinute(one.time_zone), localMinute(other.time_zone)]
  const weeks = new Map<number, number>()
  for (let n = 0; n < WEEKS_OF_YEAR; n++) {
    const week = SOME_WEEK + n * WEEK
    const apart = (first(week) - second(week) + MINUTES_OF_WEEK) % MINUTES_OF_WEEK
    if (!weeks.has(apart)) weeks.set(apart, week)
  }
  return [...weeks.values()]
}

function couldMeetIn(week: number, when: TimeWindow, hours: TimeWindow, life: number): boolean {
  const [fires, approves] = [timeWindow(when), timeWindow(hours)]
  let fired = Number.NEGATIVE_INFINITY
  // Twice around: what is held at the end of a week may be approved in the next.
  for (let minute = 0; minute < 2 * MINUTES_OF_WEEK; minute++) {
    const at = week + minute * MINUTE
    // Until the end of the minute in which it was last held.
    if (fires(at)) fired = at + MINUTE
    if (at < fired + life && approves(at)) return true
  }
  return false
}

function breakGlassProblems(path: Path, { break_glass: groups, kinds }: PolicyRuleConfig): Finding[] {
  const at = [...path, 'break_glass']
  const found = groupProblems(at, groups)
  if (groups !== undefined && kinds !== undefined && !kinds.includes('person')) {
    found.push({ path: at, message: 'nobody could: only people break the glass', cure: 'leave it out' })
  }
  return found
}
