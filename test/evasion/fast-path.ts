// Ways around by the message FunctionCall, which has no text that could be read: a function by its OID, and values.
import { Buffer } from 'node:buffer'
import { bind, execute, functionCall, parse, sync } from '../support/pgwire/frontend.ts'
import type { Change, Leak, Step } from './case.ts'

/** OIDs of PostgreSQL's own functions, the same in every release. */
const OID = {
  textcat: 1258,
  set_config: 2078,
  table_to_xml: 2923,
  query_to_xml: 2924,
  cursor_to_xml: 2925,
  query_to_xml_and_xmlschema: 2930,
  schema_to_xml: 2933,
} as const

const call = (name: keyof typeof OID, ...values: string[]): Step => [
  functionCall({ function: OID[name], values }),
]
/** One that somebody made: its OID is asked for first. */
const own = (name: string, ...values: string[]): readonly Step[] => [
  `select 'oid=' || oid::text from pg_proc where proname = '${name}'`,
  (seen) => [functionCall({ function: Number(/oid=(\d+)/.exec(seen)?.[1]), values })],
]

const READS = 'select ssn, email from customers'
const peek = `create function peek() returns text language sql security definer as
  'select string_agg(ssn, '','') from public.customers'`
const wipe = `create function wipe() returns int language plpgsql security definer as
  'begin delete from public.orders; return 1; end'`

export const fastPathLeaks: readonly Leak[] = [
  { name: 'FunctionCall of table_to_xml', steps: [call('table_to_xml', 'customers', 't', 't', '')] },
  { name: 'FunctionCall of schema_to_xml', steps: [call('schema_to_xml', 'public', 't', 't', '')] },
  {
    name: 'FunctionCall of query_to_xml_and_xmlschema',
    steps: [call('query_to_xml_and_xmlschema', READS, 't', 't', '')],
  },
  {
    name: 'FunctionCall of cursor_to_xml',
    steps: [`begin; declare k cursor for ${READS}`, call('cursor_to_xml', 'k', '10', 't', 't', ''), 'commit'],
  },
  {
    name: 'FunctionCall with values and a result in binary',
    steps: [
      [
        functionCall({
          function: OID.query_to_xml,
          formats: [1],
          values: [READS, Buffer.of(1), Buffer.of(1), ''],
          resultFormat: 1,
        }),
      ],
    ],
  },
  {
    name: 'FunctionCall in an open segment',
    steps: [
      [
        parse({ sql: 'select 1' }),
        bind({}),
        execute(),
        functionCall({ function: OID.query_to_xml, values: [READS, 't', 't', ''] }),
        sync(),
      ],
    ],
  },
  { name: 'FunctionCall of a function of somebody’s own', given: [peek], steps: own('peek') },
]

export const fastPathChanges: readonly Change[] = [
  { name: 'FunctionCall of a function of somebody’s own', given: [wipe], steps: own('wipe') },
  {
    name: 'FunctionCall that changes how strings are read',
    steps: [
      call('set_config', 'standard_conforming_strings', 'off', 'f'),
      `select '\\''; delete from orders; --'`,
    ],
  },
]

export const fastPathDetected: readonly Leak[] = [
  {
    name: 'FunctionCall that puts halves together',
    steps: [call('textcat', '41111111', '11111111')],
  },
  {
    name: 'FunctionCall of query_to_xml',
    steps: [call('query_to_xml', READS, 't', 't', '')],
  },
]
