// What every statement counts: additions to numbers that are there already; Prometheus' series are made of them when they are read.
import { Counter, type Registry } from 'prom-client'
import type { Outcome } from '../core/decision.ts'

/** Which way bytes went. */
export type Direction = 'from-client' | 'to-client' | 'from-server' | 'to-server'

type ByteCounts = Record<Direction, number>

/** Every message of every session is counted, so its count is an addition; the labels are looked up when it is read. */
export function createByteCount(registers: Registry[]) {
  const counts = new Map<string, ByteCounts>()
  new Counter({
    name: 'chaperone_bytes_total',
    help: 'Bytes by direction',
    labelNames: ['resource', 'direction'],
    registers,
    collect() {
      this.reset()
      for (const [resource, count] of counts) {
        for (const [direction, bytes] of Object.entries(count)) this.inc({ resource, direction }, bytes)
      }
    },
  })
  return (resource: string, direction: Direction, bytes: number) => {
    let count = counts.get(resource)
    if (count === undefined) {
      count = { 'from-client': 0, 'to-client': 0, 'from-server': 0, 'to-server': 0 }
      counts.set(resource, count)
    }
    // Not by a member that is looked up by its name: that costs more than all the rest.
    switch (direction) {
      case 'from-client':
        count['from-client'] += bytes
        break
      case 'to-client':
        count['to-client'] += bytes
        break
      case 'from-server':
        count['from-server'] += bytes
        break
      case 'to-server':
        count['to-server'] += bytes
    }
  }
}

/** How many of the texts were known from before. */
export function createAnalysisCount(registers: Registry[]) {
  const counts = new Map<string, { hit: number; miss: number }>()
  new Counter({
    name: 'chaperone_analysis_cache_total',
    help: 'Texts by whether their analysis was known from before',
    labelNames: ['resource', 'outcome'],
    registers,
    collect() {
      this.reset()
      for (const [resource, { hit, miss }] of counts) {
        this.inc({ resource, outcome: 'hit' }, hit)
        this.inc({ resource, outcome: 'miss' }, miss)
      }
    },
  })
  return (resource: string, known: boolean) => {
    let count = counts.get(resource)
    if (count === undefined) {
      count = { hit: 0, miss: 0 }
      counts.set(resource, count)
    }
    count[known ? 'hit' : 'miss'] += 1
  }
}

/** Every statement is counted: look-ups by texts that are there already, in place of one that would have to be made. */
export function createDecisionCount(registers: Registry[]) {
  const counts = new Map<string, Map<string, Map<Outcome, number>>>()
  new Counter({
    name: 'chaperone_decisions_total',
    help: 'Decisions by the rule that made them',
    labelNames: ['resource', 'rule', 'outcome'],
    registers,
    collect() {
      this.reset()
      for (const [resource, byRule] of counts) {
        for (const [rule, byOutcome] of byRule) {
          for (const [outcome, count] of byOutcome) this.inc({ resource, rule, outcome }, count)
        }
      }
    },
  })
  return (resource: string, rule: string, outcome: Outcome) => {
    let byRule = counts.get(resource)
    if (byRule === undefined) {
      byRule = new Map()
      counts.set(resource, byRule)
    }
    let byOutcome = byRule.get(rule)
    if (byOutcome === undefined) {
      byOutcome = new Map()
      byRule.set(rule, byOutcome)
    }
    byOutcome.set(outcome, (byOutcome.get(outcome) ?? 0) + 1)
  }
}
