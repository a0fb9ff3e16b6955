// docs/configuration.md, out of the schema: every key with its type, its default and its meaning.
import { alternatives, jsonSchema, type SchemaNode } from './json-schema.ts'

interface Row {
  readonly key: string
  readonly type: string
  readonly fallback: string
  readonly meaning: string
}

export function configurationReference(): string {
  const root = jsonSchema()
  const sections = Object.entries(root.properties ?? {}).map(([name, node]) =>
    section(name, node, root.required?.includes(name) ?? false),
  )
  return `${INTRODUCTION}\n${sections.join('\n')}`
}

const INTRODUCTION = `# Configuration

<!-- Written by scripts/generate-docs.ts out of src/config/schema.ts: change it there. -->

One file, \`chaperone.yaml\`. \`chaperone check\` reports everything that is wrong with it, with line and cure, and shows what each resource resolves to. Editors that know JSON schema complete and check it with \`chaperone.schema.json\` (of an installed package: \`$(npm root --global)/chaperone/chaperone.schema.json\`):

\`\`\`yaml
# yaml-language-server: $schema=./chaperone.schema.json
version: 1
\`\`\`

- Paths are relative to the file.
- Durations are a number with \`ms\`, \`s\`, \`m\`, \`h\` or \`d\`, at most \`24d\`; sizes a number with \`B\`, \`KiB\`, \`MiB\` or \`GiB\`.
- \`NAME\` in a key stands for a name that you choose: lower-case letters, digits and hyphens.
- Unknown keys, repeated keys and names that do not exist are refused.
`

function section(name: string, node: SchemaNode, required: boolean): string {
  const table = rows(name, node, required).map(
    ({ key, type, fallback, meaning }) => `| \`${key}\` | ${type} | ${fallback} | ${meaning} |`,
  )
  const head = '| key | type | default | meaning |\n| --- | --- | --- | --- |'
  return `## ${name}\n\n${head}\n${table.join('\n')}\n`
}

function rows(key: string, node: SchemaNode, required: boolean): Row[] {
  const own = {
    key,
    type: typeOf(node),
    fallback: fallbackOf(node, required),
    meaning: cell(node.description ?? ''),
  }
  return [own, ...alternatives(node).flatMap((one) => below(key, one, node))]
}

function below(key: string, node: SchemaNode, parent: SchemaNode): Row[] {
  const form = formOf(node, parent)
  const named = Object.entries(node.properties ?? {})
    .filter(([, child]) => alternatives(parent).length === 1 || child.const === undefined)
    .flatMap(([name, child]) => rows(`${key}.${name}`, child, node.required?.includes(name) ?? false))
    .map((row) => ({ ...row, meaning: form === '' ? row.meaning : `${form}${row.meaning}` }))
    .map((row) => (isChoice(parent) ? { ...row, fallback: '**one of these**' } : row))
  const { additionalProperties: any, items } = node
  const chosen = typeof any === 'object' && isDeep(any) ? rows(`${key}.NAME`, any, false) : []
  const listed =
    items !== undefined && isDeep(items)
      ? alternatives(items).flatMap((one) => below(`${key}[]`, one, items))
      : []
  return [...named, ...chosen, ...listed]
}

const isDeep = (node: SchemaNode) => alternatives(node).some((one) => one.properties !== undefined)

/** Several forms with keys that no mark tells apart: the key itself does. */
const isChoice = (node: SchemaNode) => {
  const keyed = alternatives(node).filter((one) => one.properties !== undefined)
  return keyed.length > 1 && keyed.every((one) => formOf(one, node) === '')
}

/** Which of several forms a key belongs to: `with mode verify-full: `. */
function formOf(node: SchemaNode, parent: SchemaNode): string {
  if (alternatives(parent).length === 1) return ''
  const mark = Object.entries(node.properties ?? {}).find(([, child]) => child.const !== undefined)
  return mark === undefined ? '' : `with ${mark[0]} ${String(mark[1].const)}: `
}

function typeOf(node: SchemaNode): string {
  const forms = alternatives(node)
  if (forms.length > 1) {
    const marks = forms.flatMap((one) =>
      Object.entries(one.properties ?? {}).filter(([, child]) => child.const),
    )
    if (marks.length > 0) {
      return `by \`${marks[0]?.[0]}\`: ${marks.map(([, child]) => `\`${String(child.const)}\``).join(', ')}`
    }
    return [...new Set(forms.map(typeOf))].join(' or ')
  }
  if (node.const !== undefined) return `\`${String(node.const)}\``
  if (node.enum !== undefined) return node.enum.map((value) => `\`${String(value)}\``).join(', ')
  if (node.type === 'array') return `list of ${node.items === undefined ? 'values' : typeOf(node.items)}`
  if (node.type === 'object') return typeof node.additionalProperties === 'object' ? 'by name' : 'keys'
  return scalarType(node)
}

function scalarType(node: SchemaNode): string {
  if (node.pattern?.includes('(ms|s|m|h|d)')) return 'duration'
  if (node.pattern?.includes('(B|KiB|MiB|GiB)')) return 'size'
  const formats: Readonly<Record<string, string>> = {
    'input-file': 'file',
    'output-path': 'path',
    uri: 'URL',
  }
  return (
    formats[node.format ?? ''] ??
    { string: 'text', integer: 'whole number' }[node.type ?? ''] ??
    node.type ??
    ''
  )
}

function fallbackOf(node: SchemaNode, required: boolean): string {
  if (required) return '**required**'
  if (node.default === undefined || node.type === 'object') return ''
  return `\`${typeof node.default === 'string' ? node.default : JSON.stringify(node.default)}\``
}

/** A bar would end the table's cell. */
const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
