// Which masks a request for approval is under, by the masks in force: what of its result nobody will see as it is stored.
import type { MaskRuleConfig } from '../config/schema.ts'
import type { ApprovalRequest } from '../core/approval.ts'
import type { RelationName } from '../core/facts.ts'
import { matchesGlob } from '../core/glob.ts'

export type NamedMasks = readonly (readonly [string, MaskRuleConfig])[]

/** What the statement names, and what is behind that. */
export const accessesOf = ({ accesses, behind = [] }: Omit<Touching, 'resource'>) => [...accesses, ...behind]

export type Touching = Pick<ApprovalRequest, 'accesses' | 'behind' | 'moreBehind' | 'resource'>

/** What is behind a name could not be told. */
const isAnything = ({ schema, name }: RelationName) => schema === '*' && name === '*'

/** Masks of columns that the operation may touch, also behind its names. A name without a schema may be of any. */
function masksOver(request: Touching, masks: NamedMasks): NamedMasks {
  const relations = accessesOf(request).flatMap(({ relation }) => relation ?? [])
  const isTouched = (column: string) => {
    const [schema = '', name = ''] = column.split('.')
    return relations.some(
      (relation) =>
        isAnything(relation) ||
        (matchesGlob(name, relation.name) &&
          (relation.schema === undefined || matchesGlob(schema, relation.schema))),
    )
  }
  return masks.filter(
    ([, { resources, columns }]) =>
      (resources === '*' || resources.includes(request.resource)) && (columns?.some(isTouched) ?? false),
  )
}

export interface Masked {
  readonly mask: string
  /** as the mask names them */
  readonly columns: readonly string[]
  /** who sees them as they are */
  readonly exceptGroups?: readonly string[]
}

export const maskedOf = (request: Touching, masks: NamedMasks): Masked[] =>
  masksOver(request, masks).map(([mask, { columns = [], except_groups: exceptGroups }]) => ({
    mask,
    columns,
    ...(exceptGroups === undefined ? {} : { exceptGroups }),
  }))
