// Descriptions of results, and the masks that follow from them. The last ones are remembered: programs ask the same again.
import { Buffer } from 'node:buffer'
import type { Facts } from '../../../core/facts.ts'
import type { Masker, ResultPlan } from '../../../core/masking.ts'
import type { Catalog } from '../catalog/catalog.ts'
import { mayWrite } from '../catalog/writes.ts'
import { decodeRowDescription, type FieldDescription } from '../messages/backend.ts'
import { planResult } from './rows.ts'
import { rowsOnlyPlaces } from './rows-only.ts'

type Fields = readonly FieldDescription[]

/** What a plan is made of. */
interface Basis {
  /** the same object for the same description */
  readonly fields: Fields
  readonly masker: Masker
  readonly touchesMasked: boolean
  /** where they are certainly of just this result */
  readonly facts: Facts | undefined
}

export interface Plans {
  /** The columns of a RowDescription. */
  fieldsOf(bytes: Uint8Array): Fields
  /** The masks of a result's columns; undefined when every value may be seen. */
  planOf(basis: Basis): ResultPlan | undefined
}

/** Longest description that a session remembers, in bytes. */
const REMEMBERED = 4 * 1024

export const createPlans = (catalog: Catalog): Plans => new RememberedPlans(catalog)

class RememberedPlans implements Plans {
  readonly #catalog: Catalog
  #described: { readonly bytes: Uint8Array; readonly fields: Fields } | undefined
  #planned:
    | { readonly basis: Basis; readonly generation: number; readonly plan: ResultPlan | undefined }
    | undefined

  constructor(catalog: Catalog) {
    this.#catalog = catalog
  }

  fieldsOf(bytes: Uint8Array): Fields {
    const described = this.#described
    if (described !== undefined && Buffer.compare(described.bytes, bytes) === 0) return described.fields
    const fields = decodeRowDescription(bytes)
    // A copy: the bytes are a few of a chunk that would live as long as the session.
    if (bytes.length <= REMEMBERED) this.#described = { bytes: Uint8Array.from(bytes), fields }
    return fields
  }

  planOf(basis: Basis): ResultPlan | undefined {
    const generation = this.#catalog.generation()
    const planned = this.#planned
    if (planned !== undefined && planned.generation === generation && isSame(planned.basis, basis))
      return planned.plan
    const { facts, fields } = basis
    const rowsOnly = facts && rowsOnlyPlaces(facts, fields.length)
    const writes = facts === undefined || mayWrite(facts)
    const plan = planResult({ ...basis, writes, rowsOnly }, this.#catalog)
    this.#planned = { basis, generation, plan }
    return plan
  }
}

const isSame = (one: Basis, other: Basis) =>
  one.fields === other.fields &&
  one.masker === other.masker &&
  one.touchesMasked === other.touchesMasked &&
  one.facts === other.facts
