// What is wrong with a configuration: all of it at once, each with its place and its cure.

export type Path = readonly (string | number)[]

export interface ConfigProblem {
  /** keys joined by dots; empty for the file as a whole */
  readonly path: string
  /** 1-based; absent when the file has no such place */
  readonly line?: number
  readonly column?: number
  readonly message: string
  /** what to do about it */
  readonly cure?: string
}

/** A problem before its place in the file is known. */
export interface Finding {
  readonly path: Path
  /** in the file, where that is more than may be told */
  readonly at?: Path
  readonly message: string
  readonly cure?: string
}

/** The configuration cannot be used. `message` has one line per problem. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly ConfigProblem[]

  constructor(file: string, problems: readonly ConfigProblem[]) {
    super(problems.map((problem) => formatProblem(file, problem)).join('\n'))
    this.problems = problems
  }
}

/** `chaperone.yaml:12:3 resources.orders.upstrem: unknown key; did you mean "upstream"?` */
export function formatProblem(file: string, problem: ConfigProblem): string {
  const place = problem.line === undefined ? file : `${file}:${problem.line}:${problem.column ?? 1}`
  const subject = problem.path === '' ? '' : `${problem.path}: `
  const cure = problem.cure === undefined ? '' : `; ${problem.cure}`
  return `${place}${problem.path === '' ? ':' : ''} ${subject}${problem.message}${cure}`
}

export const joinPath = (path: Path): string => path.map(String).join('.')
