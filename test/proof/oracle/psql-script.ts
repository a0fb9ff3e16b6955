// A psql script as the statements that psql would send: variables, \if, \gset, \gexec, \connect and COPY data are
// followed, whatever only formats is passed over.
import { cutStatement } from './psql-lexer.ts'

export interface ScriptStatement {
  readonly kind: 'statement'
  readonly text: string
  /** what psql does with the rows: sets variables under this prefix, or runs them */
  readonly rows?: { readonly set: string } | 'execute'
}

export type ScriptStep =
  | ScriptStatement
  | { readonly kind: 'connect'; readonly database?: string; readonly user?: string }

export interface Script {
  /** The next step; `standardConforming` is the session's setting at this moment. */
  next(standardConforming: boolean): ScriptStep | undefined
  /** The lines after the present one up to `\.`: data of COPY FROM STDIN. */
  copyData(): string
  set(name: string, value: string): void
}

const TRUE = /^(?:t|true|on|yes|1)$/i
const RUNS = new Set(['g', 'gx', 'crosstabview', 'watch', 'gset', 'gexec'])

/** Arguments of a command: bare words, quoted strings and variables, joined where nothing is between them. */
function argumentsOf(line: string, variable: (name: string) => string | undefined): string[] {
  const found: string[] = []
  for (const [part] of line.matchAll(/(?:'(?:[^']|'')*'|"[^"]*"|[^\s'"])+/g)) {
    const value = part
      .replace(/:\{\?(\w+)\}/g, (_all, name: string) => String(variable(name) !== undefined))
      .replace(/:'?"?(\w+)"?'?/g, (all, name: string) => variable(name) ?? all)
      .replace(/'((?:[^']|'')*)'/g, (_all, inner: string) => inner.replaceAll("''", "'"))
      .replaceAll('"', '')
    found.push(value)
  }
  return found
}

export function createScript(source: string, environment: Readonly<Record<string, string>>): Script {
  const variables = new Map<string, string>()
  const variable = (name: string) => variables.get(name)
  /** for each \if: whether its present branch runs, and whether one has run */
  const branches: { live: boolean; taken: boolean }[] = []
  let rest = source
  let at = 0
  let pending = ''

  const live = () => branches.every((branch) => branch.live)

  function branch(command: string, args: readonly string[]): boolean {
    const top = branches.at(-1)
    if (command === 'if') {
      const yes = TRUE.test(args[0] ?? '')
      branches.push({ live: yes, taken: yes })
    } else if (command === 'elif' && top) {
      top.live = !top.taken && TRUE.test(args[0] ?? '')
      top.taken ||= top.live
    } else if (command === 'else' && top) {
      top.live = !top.taken
      top.taken = true
    } else if (command === 'endif') branches.pop()
    else return false
    return true
  }

  function define(command: string, args: readonly string[]): void {
    const [name = '', ...values] = args
    if (command === 'set') variables.set(name, values.join(''))
    if (command === 'unset') variables.delete(name)
    const value = environment[values[0] ?? '']
    if (command === 'getenv' && value !== undefined) variables.set(name, value)
  }

  function connection(args: readonly string[]): ScriptStep {
    const [database, user] = args.map((arg) => (arg === '-' ? undefined : arg))
    return {
      kind: 'connect',
      ...(database !== undefined && { database }),
      ...(user !== undefined && { user }),
    }
  }

  /** A command that ends or follows the statement in `text`; undefined when nothing is to be sent yet. */
  function command(text: string): ScriptStep | undefined {
    const [, name = '', line = ''] = /^\\(\S[a-z_+?!]*)([^\n]*)/i.exec(rest.slice(at)) ?? []
    at += 1 + name.length + line.length
    const args = argumentsOf(line, variable)
    if (branch(name, args) || !live()) {
      pending = text
      return undefined
    }
    if (RUNS.has(name)) {
      if (text.trim() === '') return undefined
      if (name === 'gset') return { kind: 'statement', text, rows: { set: args[0] ?? '' } }
      return { kind: 'statement', text, ...(name === 'gexec' && { rows: 'execute' as const }) }
    }
    if (name === 'quit' || name === 'q') at = rest.length
    if (name === 'r' || name === 'reset' || name === 'gdesc') return undefined
    if (name === 'copy') return { kind: 'statement', text: `COPY ${line.trim().replace(/;$/, '')}` }
    pending = text
    if (name === 'c' || name === 'connect') return connection(args)
    define(name, args)
    return undefined
  }

  return {
    next(standardConforming) {
      while (at < rest.length) {
        const cut = cutStatement(rest, at, { variable, standardConforming })
        const text = pending + cut.text
        pending = ''
        at = cut.next
        if (cut.end === 'backslash') {
          const step = command(text)
          if (step !== undefined) return step
        } else if (live() && text.trim() !== '') return { kind: 'statement', text }
      }
      return undefined
    },
    copyData() {
      const lineEnd = rest.indexOf('\n', at) + 1
      if (lineEnd === 0) return ''
      const end = /^\\\.\r?$/m.exec(rest.slice(lineEnd))
      const stop = end === null ? rest.length : lineEnd + end.index
      const data = rest.slice(lineEnd, stop)
      rest = rest.slice(0, lineEnd) + rest.slice(stop + (end?.[0].length ?? 0) + 1)
      return data
    },
    set: (name, value) => void variables.set(name, value),
  }
}
