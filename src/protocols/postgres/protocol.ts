// PostgreSQL for one resource: what its sessions share.
import { createAnalyzer } from '../../analysis/postgres/analyze.ts'
import { shapeOf } from '../../analysis/postgres/shape.ts'
import type { Protocol, ProtocolSettings } from '../../core/session.ts'
import { type CatalogOfAll, createCatalog } from './catalog/catalog.ts'
import { createTrust } from './catalog/trust.ts'
import { createRequestsOnlySession } from './requests-only/session.ts'
import { createPostgresSession } from './session.ts'

/** @param now milliseconds, monotonic */
export function createPostgresProtocol(settings: ProtocolSettings, now: () => number): Protocol {
  const { methods, limits, trustedFunctions, window } = settings
  const analyzer = createAnalyzer({ trustedFunctions, maxBytes: limits.statement })
  const trust = createTrust(trustedFunctions)
  const catalogs = new Map<string, CatalogOfAll>()

  // The databases are those that the configuration lists, so the map stays as small as the list.
  function catalogOf(database: string): CatalogOfAll {
    const known = catalogs.get(database) ?? createCatalog(now)
    catalogs.set(database, known)
    return known
  }

  const discovery = settings.discovery === undefined ? {} : { discovery: settings.discovery }
  const windows = window === undefined ? {} : { window }
  const pulses = settings.pulses === undefined ? {} : { pulses: settings.pulses }
  const create = settings.process === 'full' ? createPostgresSession : createRequestsOnlySession
  return {
    shapeOf: ({ text, facts }) => shapeOf(text, facts),
    start(context) {
      const analyze = (sql: string) => {
        const known = analyzer.known(sql)
        if (known !== undefined) {
          context.analysed?.(undefined)
          return known
        }
        const began = context.now()
        const result = analyzer.analyze(sql)
        context.analysed?.(context.now() - began)
        return result
      }
      const options = { methods, limits, ...windows, ...pulses, ...discovery, analyze, catalogOf, trust }
      return create(options, context)
    },
  }
}
