// The walk over a parse tree: a handler per kind of node, and refusal of whatever has none.
import type { Node } from 'libpg-query'
import type { StatementFacts } from '../../core/facts.ts'
import type { Attributes } from './attributes.ts'
import type { Collector } from './collector.ts'
import { type Body, type NodeTag, UNWRAPPED } from './nodes.ts'
import type { Work } from './work.ts'

export interface WalkOptions {
  readonly trustedFunctions: ReadonlySet<string>
  /** of the text that the statement is of */
  readonly work: Work
}

export interface Walk {
  readonly facts: Collector
  readonly attributes: Attributes
  readonly options: WalkOptions
  /** names of the common table expressions that are in scope */
  readonly ctes: ReadonlySet<string>
  /** visits a node by its handler, and gives what that returns */
  visit(node: Node | undefined): unknown
  visitAll(nodes: readonly Node[] | undefined): void
  /** visits an unwrapped node by the handler of its kind */
  enter<K extends NodeTag>(tag: K, body: Body<K> | undefined): void
  /** visits everything below a node, except the named fields */
  children<K extends NodeTag>(tag: K, body: Body<K>, except?: readonly (keyof Body<K>)[]): void
  /** the same walk with more common table expressions in scope */
  withCtes(names: readonly string[]): Walk
  /** analyses a statement as one of its own, into facts of its own */
  separately(statement: Node): StatementFacts
}

/** An expression's handler adds to the facts. A statement's also returns its command, as the completion tag has it. */
export type Handler<K extends NodeTag> = (body: Body<K>, walk: Walk) => unknown
export type Handlers = { readonly [K in NodeTag]: Handler<K> }

/** How deep nodes may nest: about 20 frames each would fit Node's stack of 984 KB twice. PostgreSQL's own is 2 MB. */
const MAX_DEPTH = 800

/** The handler of a node. Keys that every object has, such as `constructor`, are not handlers. */
function handlerOf(handlers: Handlers, tag: string): ((body: unknown, walk: Walk) => unknown) | undefined {
  // The table pairs each tag with the handler of that tag's body; the parser pairs tag and body.
  return Object.hasOwn(handlers, tag)
    ? (handlers[tag as NodeTag] as (body: unknown, walk: Walk) => unknown)
    : undefined
}

export interface WalkStart {
  readonly handlers: Handlers
  readonly facts: Collector
  readonly attributes: Attributes
  readonly options: WalkOptions
  readonly analyze: (statement: Node) => StatementFacts
}

export function createWalk(start: WalkStart): Walk {
  const { handlers, facts, attributes, options } = start
  let depth = 0

  const scoped = (ctes: ReadonlySet<string>): Walk => {
    const byTag = (tag: string, body: unknown): unknown => {
      const handler = handlerOf(handlers, tag)
      if (handler === undefined) return facts.incomplete(`analysis does not know ${tag}`)
      if (depth >= MAX_DEPTH) return facts.incomplete('it is nested too deeply')
      depth++
      const result = handler(body, walk)
      depth--
      return result
    }
    const value = (path: string, item: unknown): unknown => {
      if (typeof item !== 'object' || item === null) return undefined
      if (Array.isArray(item)) {
        for (const element of item) value(path, element)
        return undefined
      }
      const fixed = UNWRAPPED.get(path)
      if (fixed !== undefined) return byTag(fixed, item)
      const [entry, ...more] = Object.entries(item)
      // No key at all is the grammar's null; a wrapped node is one key, also when all its fields have their defaults.
      if (entry === undefined) return undefined
      if (more.length > 0) return facts.incomplete(`analysis does not know ${path}`)
      return byTag(entry[0], entry[1])
    }
    const walk: Walk = {
      facts,
      attributes,
      options,
      ctes,
      visit: (node) => value('', node),
      visitAll: (nodes) => {
        value('', nodes)
      },
      enter: (tag, body) => {
        if (body !== undefined) byTag(tag, body)
      },
      children: (tag, body, except = []) => {
        for (const [field, item] of Object.entries(body as object)) {
          if (!except.some((name) => name === field)) value(`${tag}.${field}`, item)
        }
      },
      withCtes(names) {
        options.work.spend(ctes.size + names.length)
        return scoped(new Set([...ctes, ...names]))
      },
      separately: start.analyze,
    }
    return walk
  }
  return scoped(new Set())
}
