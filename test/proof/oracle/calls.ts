// Which functions a statement calls by name, as the server's own analysis of it says (debug_print_parse): also those
// of PostgreSQL itself, whose runs no statistics count.

import type { AccessEffect } from '../../../src/core/facts.ts'
import { PURE_FUNCTIONS, SCHEMA_FUNCTIONS } from '../../../src/core/generated/builtins.ts'
import type { Connection } from './connection.ts'

export interface CalledFunction {
  readonly schema: string
  readonly name: string
  readonly own: boolean
}

/** A call in a node tree. Casts have the form 1 or 2 (CoercionForm): no name stands in the statement for them. */
const CALL =
  /:funcid (\d+)\s+:funcresulttype \d+\s+:funcretset \S+\s+:funcvariadic \S+\s+:funcformat ([03])|:(?:aggfnoid|winfnoid) (\d+)/g
const FIRST_USER_OID = 16_384
/** ts_rewrite with three arguments substitutes in a value; only the form with two runs text. */
const TS_REWRITE_OF_VALUES = 3684

const TREES = 'SET LOCAL client_min_messages = log; SET LOCAL debug_print_parse = on'

/** Asked in a savepoint, to which the caller goes back. Texts of several statements have no answer. */
export async function callsOf(connection: Connection, text: string): Promise<readonly CalledFunction[]> {
  await connection.run(TREES)
  const trees = await connection.parse(text)
  const oids = new Set<number>()
  for (const tree of trees) {
    for (const [, called, , aggregate] of tree.matchAll(CALL)) oids.add(Number(called ?? aggregate))
  }
  oids.delete(TS_REWRITE_OF_VALUES)
  const { rows } =
    oids.size === 0
      ? { rows: [] }
      : await connection.run(`SELECT n.nspname, p.proname, p.oid::pg_catalog.int8 FROM pg_catalog.pg_proc p
          JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE p.oid IN (${[...oids].join(', ')})`)
  return rows
    .map(([schema, name, oid]) => ({
      schema: schema ?? '',
      name: name ?? '',
      own: Number(oid) >= FIRST_USER_OID,
    }))
    .filter((called) => called.own || !isHarmless(called))
}

function isHarmless({ schema, name }: CalledFunction): boolean {
  return schema === 'information_schema' ? SCHEMA_FUNCTIONS.has(name) : PURE_FUNCTIONS.has(name)
}

/** What a function of PostgreSQL itself may be in facts instead of a call of its name. */
const OTHERWISE: Readonly<Record<string, readonly AccessEffect[]>> = {
  nextval: ['update'],
  setval: ['update'],
  pg_notify: ['notify'],
  set_config: ['setting', 'session', 'role'],
}

export const otherwise = (name: string): ReadonlySet<AccessEffect> => new Set(OTHERWISE[name] ?? [])
