// How COPY TO STDOUT writes its rows, where it does so in a way that can be read back without knowing the values.
import type { CopyRows } from '../../core/facts.ts'
import type { Body } from './nodes.ts'

/** Characters that are part of no number, address or token: whatever they separate or quote stays in one piece. */
const DELIMITERS: ReadonlySet<string> = new Set(['\t', ',', ';', '|'])
const QUOTES: ReadonlySet<string> = new Set(['"', "'"])
/** What else changes nothing about how a value is written, but for whether it is quoted, and for NULL. */
const NEUTRAL: ReadonlySet<string> = new Set(['header', 'null', 'force_quote', 'freeze', 'log_verbosity'])

/** Undefined for binary rows, another encoding, unusual characters, and options that are not known. */
export function copyRows({ options = [] }: Body<'CopyStmt'>): CopyRows | undefined {
  const given = new Map<string, string | undefined>()
  for (const option of options) {
    if (!('DefElem' in option)) return undefined
    const { defname = '', arg } = option.DefElem
    if (NEUTRAL.has(defname)) continue
    given.set(defname, arg !== undefined && 'String' in arg ? arg.String.sval : undefined)
  }
  const read = (name: string, otherwise: string) => {
    const value = given.has(name) ? given.get(name) : otherwise
    given.delete(name)
    return value
  }
  const format = read('format', 'text')
  if (format !== 'text' && format !== 'csv') return undefined
  const delimiter = read('delimiter', format === 'csv' ? ',' : '\t')
  const quote = format === 'csv' ? read('quote', '"') : '"'
  const escaping = format === 'csv' ? read('escape', quote ?? '') : quote
  if (given.size > 0 || delimiter === undefined || !DELIMITERS.has(delimiter)) return undefined
  if (quote === undefined || !QUOTES.has(quote)) return undefined
  if (escaping === undefined || (escaping !== quote && escaping !== '\\')) return undefined
  return { format, delimiter, quote, escape: escaping }
}
