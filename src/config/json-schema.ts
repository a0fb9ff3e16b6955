// The JSON schema of chaperone.yaml, for editors, for documentation, and for walking the configuration here.
import { z } from 'zod'
import type { Path } from './problems.ts'
import { configSchema } from './schema.ts'

/** The parts of JSON schema (2020-12) that zod gives for our shapes. */
export interface SchemaNode {
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly format?: string
  readonly pattern?: string
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly required?: readonly string[]
  readonly additionalProperties?: SchemaNode | boolean
  readonly items?: SchemaNode
  readonly anyOf?: readonly SchemaNode[]
  readonly oneOf?: readonly SchemaNode[]
}

/** The schema of what a user writes, before defaults. */
export function jsonSchema(): SchemaNode & Record<string, unknown> {
  const schema = z.toJSONSchema(configSchema, { io: 'input' })
  return { ...schema, title: 'chaperone.yaml' } as SchemaNode & Record<string, unknown>
}

const root: SchemaNode = jsonSchema()

/** The node itself, or each of its alternatives. */
export function alternatives(node: SchemaNode): readonly SchemaNode[] {
  return node.anyOf ?? node.oneOf ?? [node]
}

/** What the schema says of a key or item of a value. */
function children(node: SchemaNode, segment: string | number): readonly SchemaNode[] {
  return alternatives(node).flatMap((one) => {
    if (typeof segment === 'number') return one.items === undefined ? [] : [one.items]
    if (one.properties !== undefined && Object.hasOwn(one.properties, segment)) {
      return [one.properties[segment] as SchemaNode]
    }
    return typeof one.additionalProperties === 'object' ? [one.additionalProperties] : []
  })
}

function objectsAt(path: Path): readonly SchemaNode[] {
  let nodes: readonly SchemaNode[] = [root]
  for (const segment of path) nodes = nodes.flatMap((node) => children(node, segment))
  return nodes.flatMap(alternatives)
}

const keysOf = (nodes: readonly SchemaNode[]): readonly string[] => [
  ...new Set(nodes.flatMap(({ properties = {} }) => Object.keys(properties))),
]

/** Keys that an object at this path may have. */
export const knownKeys = (path: Path): readonly string[] => keysOf(objectsAt(path))

/** Those of them that may be added to this one: of its alternative, and not there yet. */
export function furtherKeys(path: Path, value: object): readonly string[] {
  const objects = objectsAt(path)
  const all = keysOf(objects)
  const there = Object.entries(value).filter(([key]) => all.includes(key))
  const fitting = objects.filter(({ properties = {} }) =>
    there.every(
      ([key, one]) => Object.hasOwn(properties, key) && [undefined, one].includes(properties[key]?.const),
    ),
  )
  return keysOf(fitting).filter((key) => !Object.hasOwn(value, key))
}

export interface FormattedText {
  readonly path: Path
  readonly format: string
  readonly text: string
}

/** Every text in the value whose schema names one of the formats of ours (`input-file`, `output-path`, …). */
export function textsWithFormat(value: unknown, path: Path = [], nodes = [root]): FormattedText[] {
  if (typeof value === 'string') {
    const format = nodes.flatMap(alternatives).find((node) => node.format !== undefined)?.format
    return format === undefined ? [] : [{ path, format, text: value }]
  }
  if (typeof value !== 'object' || value === null) return []
  const entries: [string | number, unknown][] = Array.isArray(value)
    ? value.map((item, index) => [index, item])
    : Object.entries(value)
  return entries.flatMap(([segment, item]) => {
    const below = nodes.flatMap((node) => children(node, segment))
    return textsWithFormat(item, [...path, segment], below)
  })
}
