// What the product says of a statement beyond its facts, learned as a session learns it: by its own questions to the
// catalog, put through the session that the statement runs in, before it runs.
import type { Facts } from '../../../src/core/facts.ts'
import type { Reached } from '../../../src/core/operation.ts'
import { arrayLiteral } from '../../../src/protocols/postgres/catalog/array-literal.ts'
import {
  type Catalog,
  type CatalogQuestion,
  createCatalog,
  toldSince,
} from '../../../src/protocols/postgres/catalog/catalog.ts'
import { createReach } from '../../../src/protocols/postgres/catalog/reach.ts'
import { changesCatalog } from '../../../src/protocols/postgres/completion.ts'
import { queryFor } from '../../../src/protocols/postgres/lookup.ts'
import type { Connection } from './connection.ts'

export interface Product {
  /** Asked in a transaction that works: the locks that it takes are for the caller to give up. */
  reached(facts: Facts): Promise<readonly Reached[]>
  /** after a statement whose changes stay */
  completed(facts: Facts): void
  /** after one whose facts are not known */
  forget(): void
}

export const newCatalog = (): Catalog => createCatalog(() => performance.now())

/** @param catalog may be shared by sessions of one database, as in the product */
export function createProduct(connection: Connection, catalog: Catalog): Product {
  // Nobody is vouched for: what the product overlooks must not look like leave that it gave.
  const reach = createReach(catalog, () => false)

  async function learn(question: CatalogQuestion | undefined): Promise<void> {
    if (question === undefined) return
    // Planning takes far longer than running; the plan is kept.
    await connection.run('SET LOCAL plan_cache_mode = force_generic_plan')
    const { query, parameters } = queryFor(question)
    catalog.learn(
      question,
      await connection.ask(`oracle ${question.kind}`, query, parameters.map(arrayLiteral)),
    )
  }

  return {
    async reached(facts) {
      const told = toldSince(catalog.now())
      const names = reach.unsure(facts)
      if (names !== undefined) {
        await learn(catalog.missing(names.relations))
        await learn(catalog.missingCode(names))
      }
      return reach.of(facts, told)
    },
    completed(facts) {
      if (facts.statements.some(changesCatalog)) catalog.forget()
    },
    forget: () => catalog.forget(),
  }
}
