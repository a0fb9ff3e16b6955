// What the pages say exists, exists: links, headings, metrics, commands with their options, keys of the configuration.
import { existsSync } from 'node:fs'
import { posix } from 'node:path'
import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { createProgram } from '../../../src/cli/program.ts'
import { configSchema } from '../../../src/config/schema.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { blocks, type Page, pages, ROOT } from './pages.ts'

const headings = ({ prose }: Page) => [...prose.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) => title.trim())
const anchor = (title: string) =>
  title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_\- ]/gu, '')
    .replaceAll(' ', '-')
const named = (path: string) => pages.find((page) => page.path === path)

describe.each(pages)('$path', (page) => {
  it('has links that lead somewhere', () => {
    const links = [...page.prose.matchAll(/\]\(([^)\s]+)\)|(?:src|href)="([^"]+)"/g)].map(
      (m) => m[1] ?? m[2] ?? '',
    )
    const broken = links.filter((link) => {
      if (/^[a-z]+:/.test(link)) return false
      const [file = '', fragment] = link.split('#')
      const target = file === '' ? page.path : posix.join(posix.dirname(page.path), file)
      if (!existsSync(new URL(target, ROOT))) return true
      const there = named(target)
      return fragment !== undefined && there !== undefined && !headings(there).map(anchor).includes(fragment)
    })
    expect(broken).toEqual([])
  })

  it('refers to headings that the other page has', () => {
    const references = page.prose.matchAll(
      /(?:\[[\w.]+\]\((?:docs\/)?|docs\/)([\w-]+\.md)\)?, [“"]([^”"]+)[”"]/g,
    )
    const missing = [...references].filter(([, file, title = '']) => {
      const there = named(`docs/${file}`)
      // Numbers before a heading are left out where it is referred to.
      return (
        there === undefined ||
        !headings(there).some((one) => one.replace(/^\d+\. /, '') === title.replace(/\s+/g, ' '))
      )
    })
    expect(missing.map(([text]) => text)).toEqual([])
  })
})

it('every metric that a page names is one of /metrics', async () => {
  const { body } = await createMetrics().expose()
  const real = new Set([...body.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name))
  const told = pages.flatMap(({ text }) =>
    [...text.matchAll(/\bchaperone_[a-z_]*[a-z]\b/g)].map(([name]) => name),
  )
  expect(told.length).toBeGreaterThan(20)
  expect([...new Set(told)].filter((name) => !real.has(name))).toEqual([])
})

/** Words of a command line, up to what a shell does with it. */
const wordsOf = (line: string) =>
  (line.split(/ #|\||>|&&|;| …/)[0] ?? '').match(/'[^']*'|"[^"]*"|[^\s'"]+/g)?.slice(1) ?? []

/** @returns what is not there */
function unknownIn(line: string): string | undefined {
  let command: Command = createProgram()
  const options = [...command.options]
  let told = false
  for (const word of wordsOf(line)) {
    if (word.startsWith('-')) {
      const flag = word.split('=')[0] ?? ''
      if (flag === '--help' || flag === '-h') continue
      if (![...options, ...command.options].some(({ long, short }) => flag === long || flag === short))
        return word
      continue
    }
    const next = command.commands.find((one) => one.name() === word)
    if (next !== undefined) {
      command = next
      told = true
    } else if (!told && command.registeredArguments.length === 0 && /^[a-z-]+$/.test(word) && word !== 'help')
      return word
  }
  return undefined
}

it('every command line in a page has commands and options that there are', () => {
  const lines = blocks
    .filter(({ language }) => ['console', 'sh'].includes(language))
    .flatMap(({ text }) => text.split('\n'))
    .map((line) => line.replace(/^\s*\$ /, ''))
    .filter((line) => line.startsWith('chaperone '))
  const inProse = pages.flatMap(({ prose }) =>
    [...prose.matchAll(/`(chaperone [^`]+)`/g)].map(([, line = '']) => line),
  )
  const all = [...lines, ...inProse.map((line) => line.replace(/\n\s*/g, ' '))]
  expect(all.length).toBeGreaterThan(50)
  expect(
    all.flatMap((line) => (unknownIn(line) === undefined ? [] : [`${line}: ${unknownIn(line)}`])),
  ).toEqual([])
})

type Keys = { [key: string]: unknown }
const isKeys = (value: unknown): value is Keys =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Named things of the README stay, and are changed where the block says something of them. */
function over(base: Keys, more: Keys): Keys {
  const both = Object.entries(more).map(([key, value]): [string, unknown] => {
    const before = base[key]
    return [key, isKeys(before) && isKeys(value) && value['kind'] === undefined ? over(before, value) : value]
  })
  return { ...base, ...Object.fromEntries(both) }
}

const configurations = blocks.filter(
  ({ language, text }) => language === 'yaml' && !/^(cases|steps):/m.test(text),
)
const readme = parse(configurations.find(({ page }) => page === 'README.md')?.text ?? '') as Keys

it.each(configurations)('the configuration in $page, line $line, has the shape of one', ({ text }) => {
  const written = parse(text) as Keys
  // Rules are shown without the key that they stand under.
  const keys = /^ {2}\S/.test(text) ? { policies: written } : written
  const result = configSchema.safeParse(over(readme, keys))
  expect(result.error?.issues ?? []).toEqual([])
})
