// Tokens that begin with a prefix of their issuer's, as the issuers document them or as their tokens are.
import { ALPHABETS, type Detector, type OwnDetector } from './found.ts'

/** A prefix, then between `min` and `max` characters; longer runs are something else, unless there is no `max`. */
export interface Shape {
  readonly detector: Detector
  readonly prefix: string
  readonly body: Uint8Array
  readonly min: number
  readonly max?: number
  /** which character of the prefix is looked for: a rare one, and no digit; the last when absent */
  readonly pivot?: number
  /** letters and digits do not go before it: the prefix is a part of common words */
  readonly word?: true
}

const { alphanumeric, hex, letters, word, url, base64, base32, tokens } = ALPHABETS

/** Prefixes with blanks between them. */
type Row = readonly [Detector, string, Uint8Array, number, Pick<Shape, 'max' | 'pivot' | 'word'>?]

const ROWS: readonly Row[] = [
  // Upper case letters and digits are everywhere in base64.
  ['aws-key', 'AKIA ASIA ABIA ACCA', base32, 16, { max: 16, word: true }],
  ['github-token', 'ghp_ gho_ ghu_ ghs_ ghr_', alphanumeric, 36],
  ['github-token', 'github_pat_', word, 40],
  [
    'gitlab-token',
    'glpat- gldt- glrt- glcbt- glptt- glft- glimt- glagent- gloas- glsoat- glffct-',
    tokens,
    18,
  ],
  ['slack-token', 'xoxb- xoxp- xoxa- xoxr- xoxs- xoxo- xoxe- xoxe. xapp-', url, 12],
  [
    'slack-token',
    'hooks.slack.com/services/ hooks.slack.com/workflows/ hooks.slack.com/triggers/',
    base64,
    20,
  ],
  ['stripe-key', 'sk_live_ sk_test_ sk_prod_ rk_live_ rk_test_ rk_prod_', alphanumeric, 10, { word: true }],
  ['google-api-key', 'AIza', url, 35, { max: 35, pivot: 2 }],
  ['api-token', 'npm_', alphanumeric, 36],
  ['api-token', 'pypi-AgEIcHlwaS5vcmc', url, 50, { pivot: 4 }],
  ['api-token', 'SG.', tokens, 60],
  ['api-token', 'dop_v1_ doo_v1_ dor_v1_', hex, 64],
  ['api-token', 'shpat_ shpca_ shppa_ shpss_', alphanumeric, 32],
  ['api-token', 'hf_ api_org_', letters, 34, { max: 34, word: true }],
  ['api-token', 'hvs. hvb.', url, 90],
  ['api-token', 'sk-ant- sk-proj- sk-svcacct- sk-admin-', url, 40, { word: true }],
  ['api-token', 'rubygems_', hex, 48],
  ['api-token', 'lin_api_', alphanumeric, 40],
  ['api-token', 'dckr_pat_', url, 27],
  ['api-token', 'glsa_', word, 32],
  ['api-token', 'ATATT3', tokens, 180, { pivot: 4 }],
  ['api-token', 'figd_', url, 40],
  ['api-token', 'sntrys_', tokens, 60],
  ['api-token', 'sntryu_', hex, 64],
  ['api-token', 'AGE-SECRET-KEY-1', alphanumeric, 58, { pivot: 14 }],
]

export const TOKENS: readonly Shape[] = ROWS.flatMap(([detector, prefixes, body, min, more]) =>
  prefixes.split(' ').map((prefix) => ({ detector, prefix, body, min, ...more })),
)

const OWN: Readonly<Record<OwnDetector['of'], Uint8Array>> = {
  digits: ALPHABETS.digits,
  hex: ALPHABETS.anyHex,
  letters,
  alphanumeric,
  token: url,
}

/**
 * The schema has seen to it that the prefix has a pivot: a character behind the first that is no digit. A slash comes before others:
 * JSON may write it with a backslash, and the look that finds those begins at slashes alone.
 */
export function ownShape(detector: OwnDetector): Shape {
  const { prefix, of, min, max } = detector
  const slash = prefix.indexOf('/', 1)
  const pivot = slash > 0 ? slash : prefix.search(/[^0-9][0-9]*$/)
  return { detector, prefix, body: OWN[of], min, ...(max !== undefined && { max }), pivot, word: true }
}
