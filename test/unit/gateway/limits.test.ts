import { beforeAll, describe, expect, it } from 'vitest'
import { loadParser } from '../../../src/analysis/postgres/analyze.ts'
import type { LimitExcess } from '../../../src/core/audit.ts'
import type { ResultLimit, RuleLimits } from '../../../src/core/decision.ts'
import { createLimits } from '../../../src/gateway/limits.ts'
import { createHourlyUsage } from '../../../src/gateway/usage.ts'
import { operation } from '../policy/stage.ts'

beforeAll(loadParser)

const MINUTE = 60_000
const rule = (
  statement: ResultLimit,
  session: ResultLimit = {},
  hour: ResultLimit = {},
  id = 'r',
): RuleLimits => ({
  rule: id,
  statement,
  session,
  hour,
})

function stage(most?: number) {
  let at = 0
  const hourly = createHourlyUsage(() => at, most)
  const exceeded: string[] = []
  const excesses: LimitExcess[] = []
  return {
    exceeded,
    excesses,
    wait: (minutes: number) => {
      at += minutes * MINUTE
    },
    session: (who = 'ann') => {
      const limits = createLimits(hourly, who, 'db')
      return (...rules: RuleLimits[]) =>
        limits.meter({ limits: rules }, ({ refusal, excess }) => {
          exceeded.push(refusal.message)
          excesses.push(excess)
        })
    },
  }
}

describe('a meter', () => {
  it('lets through exactly what the rule says, and nothing after the first that is over', () => {
    const { session, exceeded } = stage()
    const meter = session()(rule({ rows: 3, bytes: 100 }))
    expect([meter?.take(1, 50), meter?.take(1, 50)]).toEqual([true, true])
    expect([meter?.take(1, 1), meter?.take(1, 0)]).toEqual([false, false])
    expect(exceeded).toEqual([
      'rule r lets through 3 rows and 100 bytes in one statement, and the result has more',
    ])
  })

  it('tells which limit was exceeded, and how much there was with what was to come', () => {
    const { session, excesses } = stage()
    const meter = session()(rule({ bytes: 100 }, { rows: 2 }))
    for (const _ of [1, 2, 3]) meter?.take(1, 10)
    expect(excesses).toEqual([
      { rule: 'r', over: 'session', limit: { rows: 2 }, measured: { rows: 3, bytes: 30 } },
    ])
  })

  it('counts what is over for no limit', () => {
    const { session } = stage()
    const meter = session()
    expect(meter(rule({ rows: 1 }, { rows: 5 }))?.take(2, 0)).toBe(false)
    expect(meter(rule({}, { rows: 5 }))?.rowsLeft()).toBe(5)
  })

  it('of several rules holds each limit', () => {
    const { session } = stage()
    const meter = session()(rule({ rows: 5 }), rule({ rows: 2 }, {}, {}, 'other'))
    expect(meter?.rowsLeft()).toBe(2)
    expect([1, 1, 1].map((rows) => meter?.take(rows, 0))).toEqual([true, true, false])
    expect(meter?.refusal().message).toMatch(/^rule other/)
  })

  it('without limits is none', () => {
    expect(stage().session()(rule({}))).toBeUndefined()
  })

  it('that limits only bytes leaves any number of rows', () => {
    expect(
      stage()
        .session()(rule({ bytes: 1 }))
        ?.rowsLeft(),
    ).toBeUndefined()
  })
})

describe('an hour', () => {
  it('is of a rule, a principal and a resource, over sessions', () => {
    const { session } = stage()
    const hour = rule({}, {}, { rows: 3 })
    session()(hour)?.take(2, 0)
    expect(session()(hour)?.rowsLeft()).toBe(1)
    expect(session('bob')(hour)?.rowsLeft()).toBe(3)
    expect(session()(rule({}, {}, { rows: 3 }, 'other'))?.rowsLeft()).toBe(3)
  })

  it('lets nothing through twice within 60 minutes, and forgets it within 65', () => {
    const { session, wait } = stage()
    const meter = session()(rule({}, {}, { rows: 3 }))
    wait(4.9)
    expect(meter?.take(3, 0)).toBe(true)
    wait(60)
    expect(meter?.rowsLeft()).toBe(0)
    wait(5)
    expect(meter?.rowsLeft()).toBe(3)
  })

  it('of more principals than are counted lets nothing through, until one of them is an hour ago', () => {
    const { session, wait, excesses } = stage(2)
    const hour = rule({}, {}, { rows: 3 })
    for (const who of ['ann', 'bob']) expect(session(who)(hour)?.take(1, 0)).toBe(true)
    expect(session('eve')(hour)?.take(1, 0)).toBe(false)
    // Of whom nobody is counted, nothing is measured.
    expect(excesses).toEqual([{ rule: 'r', over: 'hour', limit: { rows: 3 } }])
    expect(session('ann')(hour)?.take(1, 0)).toBe(true)
    wait(66)
    expect(session('eve')(hour)?.take(1, 0)).toBe(true)
  })
})

it('what is used up refuses what would give a result, and lets through what gives none', () => {
  const limits = createLimits(
    createHourlyUsage(() => 0),
    'ann',
    'db',
  )
  const obligations = { limits: [rule({}, { rows: 1 })] }
  expect(limits.usedUp(operation('select 1'), obligations)).toBeUndefined()
  limits.meter(obligations, () => {})?.take(1, 0)
  for (const sql of ['select 1', 'copy t to stdout', 'delete from t returning 1', 'fetch c']) {
    expect(limits.usedUp(operation(sql), obligations), sql).toMatchObject({
      refusal: { code: 'limit-exceeded' },
      excess: { over: 'session', measured: { rows: 1, bytes: 0 } },
    })
  }
  for (const sql of ['delete from t', 'begin', 'copy t from stdin', 'declare c cursor for select 1']) {
    expect(limits.usedUp(operation(sql), obligations), sql).toBeUndefined()
  }
})
