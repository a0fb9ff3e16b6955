// Code that a statement runs without showing it: of triggers, rules, defaults, constraints, indexes, policies, domains and
// casts, and functions and operators of somebody's own that are found by the names of PostgreSQL's.
import { builtInEffect, ownEffect } from '../../../analysis/postgres/built-in.ts'
import {
  type Access,
  type AccessEffect,
  NO_NAMES,
  type RelationName,
  type StatementFacts,
} from '../../../core/facts.ts'
import type { Reached } from '../../../core/operation.ts'
import type { RoutineFacts } from '../../../core/routine.ts'
import { type Code, type Entry, isVolatile, type Named, type Routine } from './answer.ts'
import type { Catalog, Told } from './catalog.ts'
import { calledName, isSystem } from './names.ts'
import { signature, type Trust } from './trust.ts'

export interface CodeSight {
  readonly catalog: Pick<Catalog, 'meanings' | 'functions' | 'operators' | 'types' | 'typesByOid'>
  readonly trust: Trust
  readonly told: Told
}

export type Add = (reached: Reached) => void

/** What cannot be told may be anything. */
export const ANYTHING: Named = { schema: '*', name: '*' }

/** How events of code are written for an effect. */
const LETTERS: ReadonlyMap<AccessEffect, string> = new Map<AccessEffect, string>([
  ['read', 'r'],
  ['insert', 'i'],
  ['update', 'u'],
  ['delete', 'd'],
  ['truncate', 't'],
  ['maintenance', 'm'],
  ['alter', 'a'],
])
/** What is made over the columns of a relation that is there: its constants become values of their types. */
const MADE_OVER: ReadonlySet<string> = new Set(['index', 'trigger', 'rule', 'statistics', 'policy'])

/** How events of code are written for an access. */
const letterOf = ({ effect, objectType = '' }: Access): string | undefined =>
  (effect === 'create' || effect === 'grant') && MADE_OVER.has(objectType) ? 'c' : LETTERS.get(effect)

/** What a write of one relation may be to those behind it, by rules, triggers and foreign keys. */
const ANY_WRITE = 'riudt'

const MOVES = /[uid]/

export function hiddenCode(sight: CodeSight, statement: StatementFacts, add: Add): void {
  const { catalog, trust, told } = sight
  const accessOf = createAccessOf(trust)
  const put = (from: Named, named: RelationName, routines: readonly Routine[], via: string) => {
    for (const routine of routines) {
      const access = accessOf(routine, via)
      if (access) add({ kind: 'code', access, from, named, columns: 'any', ...definition(routine) })
    }
  }
  const putOfRelation: Put = (from, named, routines, via) => {
    for (const routine of routines) {
      const access = accessOf(routine, via)
      const code = { from, named, columns: 'any', ofRelation: true, ...definition(routine) } as const
      if (access) add({ kind: 'code', access, ...code })
    }
  }
  const cannotTell = (named: RelationName, what: string) => {
    const access: Access = {
      effect: 'call',
      object: '*',
      objectType: 'function',
      via: `${what} cannot be told`,
    }
    add({ kind: 'code', access, from: ANYTHING, named, columns: 'any' })
  }
  onRelations(sight, statement, putOfRelation, cannotTell)
  const { functions, operators, types, typeOids = [] } = statement.uses ?? NO_NAMES
  for (const name of functions) {
    const found = catalog.functions(name, told.code)
    if (found === undefined) cannotTell({ name }, `what ${name} calls`)
    else for (const one of found) put(one, { name }, [one], `called by the name ${name}`)
  }
  for (const name of operators) {
    const found = catalog.operators(name, told.code)
    if (found === undefined) cannotTell({ name }, `what the operator ${name} calls`)
    else for (const one of found) put(one, { name }, one.called, `the operator ${name}`)
  }
  for (const named of types) {
    if (isSystem(named)) continue
    const found = catalog.types(named.name, told.code)
    if (found === undefined) cannotTell(named, `what the type ${named.name} runs`)
    for (const one of found ?? []) {
      if (mayMean(named, one)) for (const { called, place } of one.code) put(one, named, called, place)
    }
  }
  for (const oid of typeOids) {
    const named = { name: `of OID ${oid}` }
    const found = catalog.typesByOid(oid, told.code)
    if (found === undefined) cannotTell(named, `what the type ${named.name} runs`)
    for (const one of found ?? []) for (const { called, place } of one.code) put(one, one, called, place)
  }
  for (const { column } of statement.columns) {
    if (column === '*') continue
    const found = catalog.functions(column, told.code)
    if (found === undefined) cannotTell({ name: column }, `whether ${column} is a column`)
    const rows = found?.filter(({ ofRow }) => ofRow) ?? []
    for (const one of rows) put(one, { name: column }, [one], `called as the column ${column}`)
  }
  inPlaceOfCatalogs(sight, statement, add)
  onCalls(sight, statement, add)
}

/** Facts that rest on a relation of the catalog do not hold for another by its name: a temporary one, say. */
function inPlaceOfCatalogs({ catalog, told }: CodeSight, { uses }: StatementFacts, add: Add): void {
  for (const name of uses?.catalogs ?? []) {
    for (const { relation: from } of catalog.meanings({ name }, told.code) ?? []) {
      if (isSystem(from)) continue
      const object = `${from.schema}.${name} is in the place of the catalog’s ${name}`
      add({ kind: 'code', access: { effect: 'unknown', object }, from, named: { name }, columns: 'any' })
    }
  }
}

type Put = (from: Named, named: RelationName, routines: readonly Routine[], via: string) => void

/** What is marked volatile waits for the plan to run. */
const calledInPlans = ({ part, called }: Code): readonly Routine[] =>
  part === 'plan' ? called.filter((routine) => !isVolatile(routine)) : []

function onRelations(
  { catalog, told }: CodeSight,
  { accesses, planned = [], columns }: StatementFacts,
  put: Put,
  cannotTell: (named: RelationName, what: string) => void,
): void {
  const whole = columns.some(({ column }) => column === '*')
  for (const access of [...accesses, ...planned]) {
    const { relation: named } = access
    const letter = letterOf(access)
    const isPlanned = planned.includes(access)
    if (named === undefined || letter === undefined || isSystem(named)) continue
    // VACUUM and REINDEX without a name go over whatever there is.
    if (named.name === '*' && access.effect === 'maintenance')
      cannotTell(named, 'what code every relation runs')
    const meanings = catalog.meanings(named, told.code)
    if (meanings === undefined) cannotTell(named, `what code ${named.name} runs`)
    for (const entry of meanings ?? []) {
      const { relation: from, code } = entry
      if (isSystem(from)) continue
      for (const one of code) {
        const called = isPlanned ? calledInPlans(one) : one.called
        if (runs(one, letter, entry) || (whole && one.events === 'w')) put(from, named, called, one.place)
      }
    }
  }
}

/** Reading one relation only reads what is behind it. */
function runs({ same, events }: Code, letter: string, { view, partitioned, table }: Entry): boolean {
  // Only a REINDEX runs anything of an index's table.
  if (table !== undefined && letter !== 'm') return false
  // A row that moves is deleted in one partition and inserted into another, and their triggers run for that.
  if (same && partitioned && letter === 'u') return MOVES.test(events)
  if (same || 'rac'.includes(letter)) return events.includes(letter)
  if (view && letter === 'm') return events.includes('r')
  return [...events].some((one) => ANY_WRITE.includes(one))
}

/** What calling a function comes to when no statement shows it; undefined when nothing. */
function createAccessOf(trust: Trust): (routine: Routine, via: string) => Access | undefined {
  return (routine, via) => {
    const { schema, name, builtIn, shipped } = routine
    if (!builtIn && trust(routine)) return undefined
    const effect = builtIn
      ? builtInEffect(name, isVolatile(routine))
      : ownEffect(name, isVolatile(routine), shipped)
    if (effect === undefined) return undefined
    // Leave to call goes by `schema.name`: a dot inside a name could make another's out of it.
    if (/[.]/.test(schema + name))
      return { effect: 'unknown', object: `code whose name holds a dot (${via})` }
    const object = `${schema}.${name}`
    return { effect, object, objectType: 'function', via, signature: signature(routine) }
  }
}

function mayMean({ schema }: RelationName, { schema: actual }: Named): boolean {
  return schema === undefined || schema === actual || (schema === 'pg_temp' && actual.startsWith('pg_temp_'))
}

/** What calls by name may call. One is vouched for when everything that it can mean is. */
function onCalls({ catalog, trust, told }: CodeSight, { accesses }: StatementFacts, add: Add): void {
  for (const access of accesses) {
    const named = calledName(access)
    if (named === undefined || isSystem(named)) continue
    const shown = (catalog.functions(named.name, told.code) ?? []).filter((one) => mayMean(named, one))
    for (const one of shown) {
      const from = { schema: one.schema, name: one.name }
      add({ kind: 'meant', access, from, named, columns: 'any', ...definition(one) })
    }
    const meant = (catalog.functions(named.name, told.relations) ?? []).filter((one) => mayMean(named, one))
    const [first] = meant
    if (first !== undefined && meant.every(trust)) vouched(access, first, named, add)
  }
}

function factsOf(routine: Routine): RoutineFacts {
  const { language, volatility, owner, securityDefiner, settings } = routine
  return { signature: signature(routine), language, volatility, owner, securityDefiner, settings }
}

const definition = (routine: Routine) => ({ routine: factsOf(routine), version: routine.version })

function vouched(access: Access, from: Named, named: RelationName, add: Add): void {
  const { schema, name } = from
  const reached: Reached = { kind: 'vouched', access, from: { schema, name }, named, columns: 'any' }
  add(reached)
}
