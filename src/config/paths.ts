// Paths of the configuration, made absolute against the directory of its file.
import { resolve } from 'node:path'
import { textsWithFormat } from './json-schema.ts'
import type { Path } from './problems.ts'
import type { Config } from './schema.ts'

/** A copy of the configuration in which every path is absolute, also the one after `unix:`. */
export function resolvePaths(config: Config, directory: string): Config {
  const copy = structuredClone(config)
  for (const { path, format, text } of textsWithFormat(copy)) {
    if (format === 'input-file' || format === 'output-path') setAt(copy, path, resolve(directory, text))
    if (format === 'processor-address' && text.startsWith('unix:')) {
      setAt(copy, path, `unix:${resolve(directory, text.slice('unix:'.length))}`)
    }
  }
  return copy
}

function setAt(root: object, path: Path, value: string): void {
  let node = root as Record<string | number, unknown>
  for (const segment of path.slice(0, -1)) node = node[segment] as Record<string | number, unknown>
  node[path.at(-1) ?? ''] = value
}
