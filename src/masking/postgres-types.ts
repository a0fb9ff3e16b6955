// What stands for a hidden value of each PostgreSQL type: a valid value of the type, in both wire formats,
// so that stock drivers go on. A type that is not here (enums, composites, extensions) is hidden as NULL.
import type { CodecKind } from './codecs.ts'

/** Types that a configured value may be given to, besides those of a codec. */
export type MomentKind = 'date' | 'time' | 'timestamp' | 'timestamptz'
/** How strategies may treat a type; `plain` types have only the one hidden value, whatever the strategy. */
export type TypeKind =
  | 'characters'
  | 'blank-padded'
  | 'json'
  | 'jsonb'
  | CodecKind
  | 'bool'
  | 'float4'
  | 'float8'
  | MomentKind
  | 'array'
  | 'plain'

export interface HiddenType {
  readonly name: string
  readonly kind: TypeKind
  /** OID of the elements of an array */
  readonly element?: number
  readonly text: Uint8Array
  readonly binary: Uint8Array
}

/** OID, name, OID of its array, text form, binary form in hex (absent: the text form's bytes), kind. */
type Row = readonly [number, string, number, string, (string | undefined)?, TypeKind?]

const zeros = (bytes: number) => '00'.repeat(bytes)
/** float8 1.0; a line needs A and B not both zero */
const ONE = '3ff0000000000000'

/**
 * OIDs are fixed by pg_type.dat. Binary forms are those of the type's receive function, which a test asks of the server.
 * Dates are 2000-01-01, PostgreSQL's epoch, in the ISO style.
 */
const ROWS: readonly Row[] = [
  [16, 'bool', 1000, 'f', '00', 'bool'],
  [17, 'bytea', 1001, '\\x', '', 'bytea'],
  [18, 'char', 1002, '*'],
  // plain: a hash has more characters than a name may have
  [19, 'name', 1003, '***'],
  [20, 'int8', 1016, '0', zeros(8), 'int8'],
  [21, 'int2', 1005, '0', zeros(2), 'int2'],
  [23, 'int4', 1007, '0', zeros(4), 'int4'],
  [24, 'regproc', 1008, '0', zeros(4)],
  [25, 'text', 1009, '***', undefined, 'characters'],
  [26, 'oid', 1028, '0', zeros(4)],
  [27, 'tid', 1010, '(0,0)', zeros(6)],
  [28, 'xid', 1011, '0', zeros(4)],
  [29, 'cid', 1012, '0', zeros(4)],
  [114, 'json', 199, 'null', undefined, 'json'],
  [142, 'xml', 143, '<masked/>'],
  [600, 'point', 1017, '(0,0)', zeros(16)],
  [601, 'lseg', 1018, '[(0,0),(0,0)]', zeros(32)],
  // closed flag, number of points, points
  [602, 'path', 1019, '((0,0))', `0100000001${zeros(16)}`],
  [603, 'box', 1020, '(0,0),(0,0)', zeros(32)],
  [604, 'polygon', 1027, '((0,0))', `00000001${zeros(16)}`],
  [628, 'line', 629, '{0,1,0}', zeros(8) + ONE + zeros(8)],
  // family (PGSQL_AF_INET), bits, is_cidr, length, address
  [650, 'cidr', 651, '0.0.0.0/32', '0220010400000000'],
  [700, 'float4', 1021, '0', zeros(4), 'float4'],
  [701, 'float8', 1022, '0', zeros(8), 'float8'],
  [718, 'circle', 719, '<(0,0),0>', zeros(24)],
  [774, 'macaddr8', 775, '00:00:00:00:00:00:00:00', zeros(8)],
  // no currency sign: the only form that every lc_monetary reads
  [790, 'money', 791, '0', zeros(8)],
  [829, 'macaddr', 1040, '00:00:00:00:00:00', zeros(6)],
  [869, 'inet', 1041, '0.0.0.0', '0220000400000000'],
  [1042, 'bpchar', 1014, '***', undefined, 'blank-padded'],
  [1043, 'varchar', 1015, '***', undefined, 'characters'],
  [1082, 'date', 1182, '2000-01-01', zeros(4), 'date'],
  [1083, 'time', 1183, '00:00:00', zeros(8), 'time'],
  [1114, 'timestamp', 1115, '2000-01-01 00:00:00', zeros(8), 'timestamp'],
  [1184, 'timestamptz', 1185, '2000-01-01 00:00:00+00', zeros(8), 'timestamptz'],
  [1186, 'interval', 1187, '00:00:00', zeros(16)],
  [1266, 'timetz', 1270, '00:00:00+00', zeros(12)],
  // length in bits, bits
  [1560, 'bit', 1561, '0', '0000000100'],
  [1562, 'varbit', 1563, '', '00000000'],
  // ndigits, weight, sign, dscale
  [1700, 'numeric', 1231, '0', zeros(8), 'numeric'],
  [1790, 'refcursor', 2201, '***'],
  [2202, 'regprocedure', 2207, '0', zeros(4)],
  [2203, 'regoper', 2208, '0', zeros(4)],
  [2204, 'regoperator', 2209, '0', zeros(4)],
  [2205, 'regclass', 2210, '0', zeros(4)],
  [2206, 'regtype', 2211, '0', zeros(4)],
  [2950, 'uuid', 2951, '00000000-0000-0000-0000-000000000000', zeros(16), 'uuid'],
  // number of running transactions, xmin, xmax; both must be above zero
  [2970, 'txid_snapshot', 2949, '1:1:', `${zeros(4)}00000000000000010000000000000001`],
  [3220, 'pg_lsn', 3221, '0/0', zeros(8)],
  [3614, 'tsvector', 3643, '', zeros(4)],
  // its receive function takes no empty one: one operand, without weight or prefix
  [3615, 'tsquery', 3645, "'masked'", '00000001' + '010000' + '6d61736b656400'],
  [3734, 'regconfig', 3735, '0', zeros(4)],
  [3769, 'regdictionary', 3770, '0', zeros(4)],
  // version 1, then the text form
  [3802, 'jsonb', 3807, 'null', '016e756c6c', 'jsonb'],
  // RANGE_EMPTY
  [3904, 'int4range', 3905, 'empty', '01'],
  [3906, 'numrange', 3907, 'empty', '01'],
  [3908, 'tsrange', 3909, 'empty', '01'],
  [3910, 'tstzrange', 3911, 'empty', '01'],
  [3912, 'daterange', 3913, 'empty', '01'],
  [3926, 'int8range', 3927, 'empty', '01'],
  [4072, 'jsonpath', 4073, '$', '0124'],
  [4089, 'regnamespace', 4090, '0', zeros(4)],
  [4096, 'regrole', 4097, '0', zeros(4)],
  [4191, 'regcollation', 4192, '0', zeros(4)],
  // number of ranges
  [4451, 'int4multirange', 6150, '{}', zeros(4)],
  [4532, 'nummultirange', 6151, '{}', zeros(4)],
  [4533, 'tsmultirange', 6152, '{}', zeros(4)],
  [4534, 'tstzmultirange', 6153, '{}', zeros(4)],
  [4535, 'datemultirange', 6155, '{}', zeros(4)],
  [4536, 'int8multirange', 6157, '{}', zeros(4)],
  [5038, 'pg_snapshot', 5039, '1:1:', `${zeros(4)}00000000000000010000000000000001`],
  [5069, 'xid8', 271, '0', zeros(8)],
]

// `new Uint8Array`, not Buffer's pool: these live as long as the process and are handed out many times.
const bytes = (source: Buffer) => new Uint8Array(source)

/** An array without dimensions: ndim, flags, element type. */
function emptyArray(name: string, element: number): HiddenType {
  const binary = Buffer.alloc(12)
  binary.writeUInt32BE(element, 8)
  return { name: `${name}[]`, kind: 'array', element, text: bytes(Buffer.from('{}')), binary: bytes(binary) }
}

function typeEntries([oid, name, arrayOid, text, hex, kind]: Row): readonly [number, HiddenType][] {
  const textBytes = bytes(Buffer.from(text))
  const binary = hex === undefined ? textBytes : bytes(Buffer.from(hex, 'hex'))
  return [
    [oid, { name, kind: kind ?? 'plain', text: textBytes, binary }],
    [arrayOid, emptyArray(name, oid)],
  ]
}

/** Types by OID, with the array of each. */
export const HIDDEN_TYPES: ReadonlyMap<number, HiddenType> = new Map(ROWS.flatMap(typeEntries))
