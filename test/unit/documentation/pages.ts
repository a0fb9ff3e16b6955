// The pages that people read, and what stands in them.
import { readdirSync, readFileSync } from 'node:fs'

export const ROOT = new URL('../../../', import.meta.url)

export interface Page {
  /** from the root of the repository */
  readonly path: string
  readonly text: string
  /** without what is in fences */
  readonly prose: string
}

export interface Block {
  readonly page: string
  readonly line: number
  readonly language: string
  readonly text: string
}

const inDocs = readdirSync(new URL('docs/', ROOT)).filter((name) => name.endsWith('.md'))

export const pages: readonly Page[] = ['README.md', 'SECURITY.md', 'CONTRIBUTING.md']
  .concat(inDocs.map((name) => `docs/${name}`))
  .map((path) => {
    const text = readFileSync(new URL(path, ROOT), 'utf8')
    return { path, text, prose: text.replace(/^```.*?^```$/gms, '') }
  })

export const blocks: readonly Block[] = pages.flatMap(({ path, text }) =>
  [...text.matchAll(/^ *```(\w*)\n(.*?)^ *```$/gms)].map(([, language = '', body = ''], nth) => ({
    page: path,
    line: text.slice(0, text.indexOf(body)).split('\n').length,
    language: language || `none-${nth}`,
    text: body,
  })),
)
