// Functions that the configuration vouches for: what no function can be called is refused, rather than never found.
import { z } from 'zod'

/** A name with a dot or a parenthesis within is trusted nowhere: it could pass for another's. */
const NAME = String.raw`[^.()*"\s](?:[^.()*"]*[^.()*"\s])?`
const FUNCTION = new RegExp(String.raw`^${NAME}\.${NAME}(\s*\(.*\))?$`, 's')
/** Types whose names are words with blanks between them. */
const OF_WORDS = /^(double precision|(character|bit) varying|time(stamp)? with(out)? time zone)$/

/** Types with quotes are read by nobody here: they may have any name. */
function isType(text: string): boolean {
  const type = text.trim().replace(/(\s*\[\])+$/, '')
  if (type.includes('"')) return true
  return /^[^A-Z()]+$/.test(type) && (!/\s/.test(type) || OF_WORDS.test(type.replace(/\s+/g, ' ')))
}

function hasTypes(text: string): boolean {
  const list = /\((.*)\)$/s.exec(text)?.[1]?.trim()
  return list === undefined || list === '' || list.includes('"') || list.split(',').every(isType)
}

export const trustedFunction = z
  .string()
  .regex(FUNCTION, {
    error: 'needs schema.name or schema.name(argument types), without quotes and *',
    abort: true,
  })
  .refine(
    hasTypes,
    'needs types alone between its parentheses, in lower case, without lengths and the names of arguments',
  )
