// What is derived from the schema is committed, so it can be behind it.
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { configurationReference } from '../../../src/config/documentation.ts'
import { alternatives, jsonSchema, type SchemaNode } from '../../../src/config/json-schema.ts'

const root = new URL('../../../', import.meta.url)
const committed = (path: string) => readFileSync(new URL(path, root), 'utf8')

it('chaperone.schema.json is the schema (otherwise run scripts/generate-docs.ts)', () => {
  expect(JSON.parse(committed('chaperone.schema.json'))).toEqual(JSON.parse(JSON.stringify(jsonSchema())))
})

it('docs/configuration.md is written out of the schema (otherwise run scripts/generate-docs.ts)', () => {
  expect(committed('docs/configuration.md')).toBe(configurationReference())
})

it('every key that holds a value says what it means', () => {
  const silent: string[] = []
  const visit = (path: string, node: SchemaNode) => {
    for (const one of alternatives(node)) {
      for (const [name, child] of Object.entries(one.properties ?? {})) {
        const inner = alternatives(child).some((form) => form.properties !== undefined)
        if (child.description === undefined && !inner && child.const === undefined)
          silent.push(`${path}${name}`)
        visit(`${path}${name}.`, child)
      }
      if (typeof one.additionalProperties === 'object') visit(`${path}NAME.`, one.additionalProperties)
      if (one.items !== undefined) visit(`${path}[].`, one.items)
    }
  }
  visit('', jsonSchema())
  expect(silent).toEqual([])
})
