// Types that a Parse gives to its parameters. Bind makes values of them, which runs code of somebody's own as a cast does:
// the constraints of a domain, also inside of a composite or an array.
import { type Facts, NO_NAMES } from '../../core/facts.ts'
import type { ParameterValue } from '../../core/operation.ts'
import { FIRST_USER_OID } from './catalog/sql.ts'

/** The facts with the types that are not PostgreSQL's own; the same object when there are none. */
export function withParameterTypes(facts: Facts, types: readonly number[]): Facts {
  const typeOids = [...new Set(types.filter((oid) => oid >= FIRST_USER_OID))]
  if (typeOids.length === 0) return facts
  const statements = facts.statements.map((statement) => ({
    ...statement,
    uses: { ...NO_NAMES, ...statement.uses, typeOids },
  }))
  return { ...facts, statements }
}

/** Each parameter with the type that its Parse stated; 0 leaves it to the server. */
export function typed(
  parameters: readonly ParameterValue[],
  types: readonly number[] | undefined,
): readonly ParameterValue[] {
  if (types === undefined || !types.some((type) => type !== 0)) return parameters
  return parameters.map((parameter, n) => {
    const type = types[n] ?? 0
    return type === 0 ? parameter : { ...parameter, type }
  })
}
