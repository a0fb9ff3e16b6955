// What tests of a policy that changes under open sessions share: the file that is replaced, and a rule whose holds are parked.
import { renameSync, writeFileSync } from 'node:fs'
import { parse as parseYaml, stringify } from 'yaml'
import type { ConfigInput } from '../../src/config/schema.ts'

/** Replaces the file in one step, as deployments do. */
export function replaceFile(path: string, text: string): void {
  writeFileSync(`${path}.new`, text)
  renameSync(`${path}.new`, path)
}

export type Rules = Pick<ConfigInput, 'policies' | 'masks'>

/** The configuration with further rules and masks. */
export function withRules(text: string, rules: Rules): string {
  const config = parseYaml(text) as ConfigInput
  const policies = { ...config.policies, ...rules.policies }
  return stringify({ ...config, policies, masks: { ...config.masks, ...rules.masks } })
}

/** Deletions of engineers are held, and their clients told at once to come back. */
export const PARKED_DELETES = {
  'parked-deletes': {
    decision: 'hold',
    resources: '*',
    groups: ['engineers'],
    effects: ['delete'],
    relations: ['public.orders'],
    approvers: ['approvers'],
    wait: '0s',
  },
} satisfies Rules['policies']

/** Deletes an order. @returns `it ran`, the request that it waits for, or what the error says */
export const deleted = (session: { query(sql: string): Promise<unknown> }, order: number): Promise<string> =>
  session.query(`delete from public.orders where id = ${order}`).then(
    () => 'it ran',
    (error: Error) => /request (\w+) waits for approval/.exec(error.message)?.[1] ?? error.message,
  )
