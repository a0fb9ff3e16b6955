// Writes what is derived from the configuration's schema: chaperone.schema.json and docs/configuration.md.
import { writeFileSync } from 'node:fs'
import { configurationReference } from '../src/config/documentation.ts'
import { jsonSchema } from '../src/config/json-schema.ts'

const root = new URL('../', import.meta.url)
writeFileSync(new URL('chaperone.schema.json', root), `${JSON.stringify(jsonSchema(), null, 2)}\n`)
writeFileSync(new URL('docs/configuration.md', root), configurationReference())
