// What the session asks the server's catalog, as text; answer.ts reads the rows. Every operator is qualified, and
// nothing is used that finds one by itself (IN, BETWEEN, CASE x WHEN, USING): the session's search_path must not choose
// what runs here.
import { GUARDS, RULED } from './closures.ts'
import { chars, cls, FIRST_USER_OID, fewOf, NONE, OWN, qualified } from './sql.ts'

/**
 * What became of an object's owner's word: a function or relation of an extension that a superuser owns is as the
 * extension brought it. What somebody else adds to an extension later stays his own.
 */
const shipped = (catalog: string, oid: string, owner: string) => `EXISTS (SELECT FROM pg_depend e, pg_roles o
  WHERE e.classid = ${cls(catalog)} AND e.objid = ${oid} AND e.deptype = 'e' AND o.oid = ${owner} AND o.rolsuper)`

/** A function `p` as a signature has it: SQL's own names for built-in types, all others with their schema. */
const ARGUMENTS = `(SELECT json_agg(CASE WHEN t.oid < ${FIRST_USER_OID}::pg_catalog.oid THEN format_type(t.oid, NULL)
      WHEN e.typarray = t.oid THEN concat(en.nspname, '.', e.typname, '[]') ELSE concat(tn.nspname, '.', t.typname) END ORDER BY a.n)
    FROM unnest(p.proargtypes::pg_catalog.oid[]) WITH ORDINALITY a (type, n)
    JOIN pg_type t ON t.oid = a.type JOIN pg_namespace tn ON tn.oid = t.typnamespace
    LEFT JOIN pg_type e ON e.oid = t.typelem LEFT JOIN pg_namespace en ON en.oid = e.typnamespace)`

/** Another one each time that the row `r` of a catalog is written. */
const version = (r: string) => `concat(${r}.oid, ' ', ${r}.xmin, ' ', ${r}.ctid)`

/** A function `p` of the schema `pn`. */
const ROUTINE = `json_build_object('routine', p.oid::pg_catalog.int8, 'name', p.proname, 'volatility', p.provolatile, 'schema', pn.nspname,
    'language', (SELECT l.lanname FROM pg_language l WHERE l.oid = p.prolang), 'owner', pg_catalog.pg_get_userbyid(p.proowner),
    'definer', p.prosecdef, 'settings', p.proconfig, 'version', ${version('p')},
    'arguments', ${ARGUMENTS}, 'shipped', NOT p.prosecdef AND ${shipped('pg_proc', 'p.oid', 'p.proowner')},
    'row', p.pronargs - p.pronargdefaults < 2::pg_catalog.int2 AND EXISTS (SELECT FROM pg_type t
      WHERE t.oid = p.proargtypes[0] AND t.typtype = ANY (${chars('c,p,d')})))::pg_catalog.text`

const event = (bit: number, letter: string) =>
  `CASE WHEN (g.tgtype & ${bit}::pg_catalog.int2) <> 0::pg_catalog.int2 THEN '${letter}' END`

/**
 * Code that hangs on a relation `t.oid`: for which effects it runs (read, insert, update, delete, truncate, maintenance,
 * alter, by their first letters; `w` for a whole row that becomes a value), whether it is a view's query, a part of plans,
 * or runs with them, where, what depends on what it calls, the tree of its expression, a function.
 * Altering a relation computes anew what its columns, constraints and indexes say.
 */
const ON_RELATIONS = `
  SELECT CASE WHEN w.ev_type = '1' THEN 'riudm' WHEN w.ev_type = '2' THEN 'u' WHEN w.ev_type = '3' THEN 'i' ELSE 'd' END AS events,
    CASE WHEN w.ev_type = '1' THEN 'query' ELSE 'plan' END AS part, CASE WHEN w.ev_type = '1' THEN 'the query' ELSE concat('rule ', w.rulename) END AS place,
    ${cls('pg_rewrite')}::pg_catalog.oid AS class, w.oid AS object, concat(w.ev_qual, ' ', w.ev_action) AS tree, ${NONE} AS direct
  FROM pg_rewrite w WHERE w.ev_class = t.oid AND w.ev_enabled <> 'D'
  UNION ALL
  SELECT CASE WHEN a.attgenerated = 'v' THEN 'riua' ELSE 'iua' END, 'plan',
    concat(CASE WHEN a.attgenerated = '' THEN 'the default of ' ELSE 'the generated column ' END, a.attname),
    ${cls('pg_attrdef')}, f.oid, f.adbin::pg_catalog.text, ${NONE}
  FROM pg_attrdef f JOIN pg_attribute a ON a.attrelid = f.adrelid AND a.attnum = f.adnum WHERE f.adrelid = t.oid
  UNION ALL
  SELECT 'iua', 'run', concat('constraint ', k.conname), ${cls('pg_constraint')}, k.oid, k.conbin::pg_catalog.text, ${NONE}
  FROM pg_constraint k WHERE k.conrelid = t.oid AND k.contype = 'c'
  UNION ALL
  SELECT 'iuma', 'run', concat('index ', i.relname), ${cls('pg_class')}, i.oid, concat(x.indexprs, ' ', x.indpred), ${NONE}
  FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid WHERE x.indrelid = t.oid AND (x.indexprs IS NOT NULL OR x.indpred IS NOT NULL)
  UNION ALL
  SELECT 'riud', 'run', concat('policy ', y.polname), ${cls('pg_policy')}, y.oid, concat(y.polqual, ' ', y.polwithcheck), ${NONE}
  FROM pg_policy y JOIN pg_class s ON s.oid = y.polrelid WHERE y.polrelid = t.oid AND s.relrowsecurity
  UNION ALL
  SELECT concat(${event(4, 'i')}, ${event(16, 'u')}, ${event(8, 'd')}, ${event(32, 't')}), 'run', concat('trigger ', g.tgname),
    ${cls('pg_trigger')}, g.oid, g.tgqual::pg_catalog.text, g.tgfoid
  FROM pg_trigger g WHERE g.tgrelid = t.oid AND g.tgenabled <> 'D' AND NOT g.tgisinternal
  UNION ALL
  SELECT 'iua', 'run', 'the partition key', ${cls('pg_class')}, p.partrelid, p.partexprs::pg_catalog.text, ${NONE}
  FROM pg_partitioned_table p WHERE p.partrelid = t.oid AND p.partexprs IS NOT NULL
  UNION ALL
  SELECT 'ma', 'run', concat('statistics ', e.stxname), ${cls('pg_statistic_ext')}, e.oid, e.stxexprs::pg_catalog.text, ${NONE}
  FROM pg_statistic_ext e WHERE e.stxrelid = t.oid AND e.stxexprs IS NOT NULL`

/**
 * Code that runs when values become those of a type `t.oid`, or are changed into others. Reading a column, or making an
 * expression over it (`c`), makes values of its type, too: of a constant beside it, and that while the statement is parsed.
 */
const ON_TYPES = `
  SELECT CASE WHEN t.events = 'iua' AND t.same THEN 'riuac' ELSE t.events END AS events, 'run' AS part, concat('a constraint of ', k.conname) AS place, ${cls('pg_constraint')}::pg_catalog.oid AS class, k.oid AS object,
    k.conbin::pg_catalog.text AS tree, ${NONE} AS direct
  FROM pg_type y JOIN pg_constraint k ON k.contypid = y.oid WHERE y.oid = t.oid AND y.typtype = 'd'
  UNION ALL
  SELECT t.events, 'plan', concat('the default of the domain ', y.typname), ${cls('pg_type')}, y.oid, y.typdefaultbin::pg_catalog.text, ${NONE}
  FROM pg_type y WHERE y.oid = t.oid AND y.typdefaultbin IS NOT NULL
  UNION ALL
  SELECT CASE WHEN t.events = 'w' THEN 'w' ELSE 'riudma' END, 'plan', concat('the cast from ', s.typname, ' to ', d.typname), ${NONE}, ${NONE}, NULL, k.castfunc
  FROM pg_cast k JOIN pg_type s ON s.oid = k.castsource JOIN pg_type d ON d.oid = k.casttarget
  WHERE (k.castsource = t.oid OR k.casttarget = t.oid) AND k.castfunc ${OWN}`

/** Generated columns `g`, each with the columns of its relation that it is computed from: `d.refobjsubid`. */
const COMPUTED = `pg_attribute g JOIN pg_attrdef e ON e.adrelid = g.attrelid AND e.adnum = g.attnum AND g.attgenerated <> ''
    JOIN pg_depend d ON d.classid = ${cls('pg_attrdef')} AND d.objid = e.oid AND d.refclassid = ${cls('pg_class')}
      AND d.refobjid = g.attrelid AND d.refobjsubid <> g.attnum`

/** What inherits from a relation, or from what is behind it: a child may compute a generated column of its parent in its own way. */
const below = (root: string) =>
  `(SELECT array_agg(d.oid) FROM descendants d WHERE d.root = ${root})::pg_catalog.oid[]`

/** The columns of a partition key `p`, also those that its expressions mention; 0 for a whole row. */
const KEYS = `SELECT u.attnum FROM unnest(p.partattrs::pg_catalog.int2[]) u (attnum) WHERE u.attnum <> 0::pg_catalog.int2
  UNION ALL SELECT m.f[1]::pg_catalog.int2 FROM regexp_matches(p.partexprs::pg_catalog.text, ':varattno ([0-9]+)', 'g') m (f)`

/** May a foreign key assign what says to which partition the rows of a partition `c` belong? */
const MOVED_BY_KEYS = `EXISTS (SELECT FROM pg_catalog.pg_partition_ancestors(c.oid) u (oid)
    JOIN pg_partitioned_table p ON p.partrelid = u.oid::pg_catalog.oid JOIN pg_constraint f ON f.conrelid = p.partrelid AND f.contype = 'f'
    CROSS JOIN LATERAL (${KEYS}) b WHERE b.attnum = ANY (f.conkey) OR b.attnum = 0::pg_catalog.int2)`

/** Is an attribute `t` of a type whose values do not all fit together: arrays, rows, geometry, json, and domains over these? */
const SHAPED = `EXISTS (SELECT FROM pg_type y LEFT JOIN pg_type z ON z.oid = y.typbasetype WHERE y.oid = t.atttypid AND (
      y.typcategory = ANY (${chars('A,C,G')}) OR 'pg_catalog.json'::pg_catalog.regtype = ANY (ARRAY[y.oid, y.typbasetype]::pg_catalog.regtype[]) OR z.typbasetype <> ${NONE}))`

/**
 * Is an attribute `t` of a type whose values become those of others without a word: numbers (N), dates and times (D), ranges of
 * these (R), macaddr (829) and macaddr8 (774)? True where some do not: int8 (20) as oid, macaddr8, and ranges of int8; so may be
 * a domain over a domain.
 */
const CASTABLE = `(SELECT CASE WHEN b.typtype = 'd' OR b.oid = ANY ('{20,774,3926,4536}'::pg_catalog.oid[]) THEN true
      WHEN b.typcategory = ANY (${chars('N,D,R')}) OR b.oid = 829::pg_catalog.oid THEN false END
    FROM pg_type y JOIN pg_type b ON b.oid = CASE WHEN y.typbasetype = ${NONE} THEN y.oid ELSE y.typbasetype END WHERE y.oid = t.atttypid)`

/**
 * Is an attribute `t` of a collation that is neither the default (100) nor C (950), or of a composite type, which says it of its fields?
 * One beside C, or beside another such, is in conflict with it.
 */
const COLLATES = `(t.attcollation <> ALL ('{0,100,950}'::pg_catalog.oid[]) OR EXISTS (SELECT FROM pg_type y WHERE y.oid = t.atttypid AND y.typtype = 'c'))`

/** The OIDs of functions that a bearer of code `b` calls. Built-in ones leave no trace in pg_depend, but in the tree. */
const CALLED = `
  SELECT b.direct AS oid WHERE b.direct <> ${NONE}
  UNION SELECT d.refobjid FROM pg_depend d WHERE d.classid = b.class AND d.objid = b.object AND d.refclassid = ${cls('pg_proc')}
  UNION SELECT o.oprcode::pg_catalog.oid FROM pg_depend d JOIN pg_operator o ON o.oid = d.refobjid
    WHERE d.classid = b.class AND d.objid = b.object AND d.refclassid = ${cls('pg_operator')}
  UNION SELECT CASE WHEN m.f[1] = 'opno' THEN (SELECT o.oprcode::pg_catalog.oid FROM pg_operator o WHERE o.oid = m.f[2]::pg_catalog.oid)
      ELSE m.f[2]::pg_catalog.oid END
    FROM regexp_matches(b.tree, ':(funcid|aggfnoid|winfnoid|opno) ([1-9][0-9]*)', 'g') m (f)`

/** Types that a type `y` is made of. */
const PARTS = `
  SELECT y.typbasetype AS oid FROM pg_type y WHERE y.oid = t.oid
  UNION ALL SELECT y.typelem FROM pg_type y WHERE y.oid = t.oid
  UNION ALL SELECT a.atttypid FROM pg_type y JOIN pg_attribute a ON a.attrelid = y.typrelid
    WHERE y.oid = t.oid AND y.typtype = 'c' AND a.attnum >= 1::pg_catalog.int2 AND NOT a.attisdropped
  UNION ALL SELECT g.rngsubtype FROM pg_range g WHERE g.rngtypid = t.oid OR g.rngmultitypid = t.oid`

const code = (root: string) =>
  `(SELECT json_agg(json_build_array(b.same, b.events, b.part, b.place, b.oids)) FROM calls b WHERE b.root = ${root})`

const CALLS = `calls AS (
  SELECT b.root, b.same, b.events, b.part, concat(b.place, b.at) AS place, (SELECT json_agg(f.oid::pg_catalog.int8) FROM (${CALLED}) f) AS oids
  FROM (${fewOf('bearers', 'root', 'same', 'events', 'part', 'place', 'at', 'class', 'object', 'tree', 'direct')}) b
)`

/** OIDs in JSON are numbers, in text. */
const ROUTINES = `SELECT ${ROUTINE} FROM pg_proc p JOIN pg_namespace pn ON pn.oid = p.pronamespace
WHERE p.oid = ANY ((SELECT array_agg(x.v::pg_catalog.text::pg_catalog.oid) FROM calls c CROSS JOIN LATERAL pg_catalog.json_array_elements_text(c.oids) x (v))::pg_catalog.oid[])`

/** What a rule `r` depends on. Its tree is long and compressed, so that only those of the lineage are looked into. */
const READS = `JOIN pg_depend d ON d.classid = ${cls('pg_rewrite')} AND d.objid = r.oid AND d.refobjid <> r.ev_class`

/**
 * $1: names (text[]), $2: OIDs (oid[]).
 * A last row has the age of the transaction, in seconds, where all its statements see what was there at its beginning.
 * An update of a partitioned table may also move rows (`m`): a partition that loses one deletes it, and if nothing takes it,
 * keys that follow see that.
 * A view that mentions a whole row (attribute 0) has no dependency on single columns: it may show any.
 */
export const RELATIONS_QUERY = qualified(`
WITH RECURSIVE asked AS (
  SELECT c.oid, c.relname, c.relkind, n.nspname
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE (c.relname = ANY ($1::pg_catalog.text[]) OR c.oid = ANY ($2::pg_catalog.oid[])) AND c.relkind = ANY (${chars('r,p,v,m,f,S,i,I')})
), lineage AS (
  SELECT a.oid AS root, d.refclassid, d.refobjid, d.refobjsubid, r.oid AS rule FROM asked a JOIN pg_rewrite r ON r.ev_class = a.oid ${READS}
  UNION
  SELECT l.root, d.refclassid, d.refobjid, d.refobjsubid, r.oid FROM lineage l JOIN pg_rewrite r ON r.ev_class = l.refobjid ${READS}
), wholes AS (
  SELECT r.oid AS rule, r.ev_action::pg_catalog.text ~~ '%:varattno 0 %' AS whole FROM pg_rewrite r
  WHERE r.oid = ANY ((SELECT array_agg(l.rule) FROM lineage l)::pg_catalog.oid[])
), starts AS (
  SELECT a.oid AS root, a.oid FROM asked a
  UNION
  SELECT l.root, l.refobjid FROM lineage l WHERE l.refclassid = ${cls('pg_class')}
), ancestors AS (
  SELECT s.root, i.inhparent AS oid FROM starts s JOIN pg_inherits i ON i.inhrelid = s.oid
  UNION
  SELECT t.root, i.inhparent FROM ancestors t JOIN pg_inherits i ON i.inhrelid = t.oid
), descendants AS (
  SELECT s.root, i.inhrelid AS oid FROM starts s JOIN pg_inherits i ON i.inhparent = s.oid
  UNION
  SELECT t.root, i.inhrelid FROM descendants t JOIN pg_inherits i ON i.inhparent = t.oid
), family AS (
  SELECT * FROM ancestors UNION SELECT * FROM descendants
), edges AS (
  SELECT 'key' AS kind, k.confrelid AS of, k.conrelid AS oid, k.confdeltype AS deleted, k.confupdtype AS updated
  FROM pg_constraint k WHERE k.contype = 'f'
  UNION ALL SELECT 'partition', i.inhparent, i.inhrelid, NULL, NULL
  FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhrelid WHERE p.relispartition
  UNION ALL SELECT 'moves', p.oid, p.oid, NULL, NULL FROM pg_class p WHERE p.relkind = 'p'
), cascades AS (
  SELECT s.root, v.event AS began, s.oid, v.event, false AS follows
  FROM (${fewOf('(SELECT * FROM starts UNION SELECT * FROM descendants)', 'root', 'oid')}) s
  CROSS JOIN unnest('{d,u}'::pg_catalog.text[]) v (event)
  UNION
  SELECT c.root, c.began, e.oid,
    CASE WHEN e.kind = 'partition' THEN c.event WHEN e.kind = 'moves' THEN 'm'
      WHEN c.event <> 'u' AND e.deleted = 'c' THEN 'd' ELSE 'u' END,
    e.kind = 'key' OR c.follows
  FROM cascades c JOIN edges e ON e.of = c.oid
  WHERE CASE WHEN e.kind = 'partition' THEN true WHEN e.kind = 'moves' THEN c.event = 'u'
    WHEN c.event = 'u' THEN e.updated = ANY (${chars('c,n,d')}) ELSE e.deleted = ANY (${chars('c,n,d')}) END
), ${RULED}, ${GUARDS}, found AS (
  SELECT x.root, x.oid, bool_or(x.same) AS same FROM (
    SELECT a.oid AS root, a.oid, true AS same FROM asked a
    UNION ALL SELECT a.oid, i.indrelid, true FROM asked a JOIN pg_index i ON i.indexrelid = a.oid
    UNION ALL SELECT d.root, d.oid, true FROM descendants d
    UNION ALL SELECT s.root, s.oid, false FROM starts s
    UNION ALL SELECT c.root, c.oid, false FROM cascades c
    UNION ALL SELECT r.root, r.oid, false FROM ruled r
    UNION ALL SELECT g.root, g.oid, false FROM guards g) x
  JOIN pg_class c ON c.oid = x.oid
  WHERE c.oid ${OWN} AND NOT ${shipped('pg_class', 'c.oid', 'c.relowner')} GROUP BY x.root, x.oid
), touched AS (
  ${fewOf('found', 'root', 'oid', 'same')}
), on_relations AS (
  SELECT t.root, t.same, concat(' of ', n.nspname, '.', c.relname) AS at, b.*
  FROM touched t JOIN pg_class c ON c.oid = t.oid JOIN pg_namespace n ON n.oid = c.relnamespace CROSS JOIN LATERAL (${ON_RELATIONS}) b
), all_types AS (
  SELECT x.root, x.same, x.oid, x.events FROM (
    SELECT t.root, t.same, a.atttypid AS oid, 'iua' AS events
    FROM touched t JOIN pg_attribute a ON a.attrelid = t.oid WHERE a.attnum >= 1::pg_catalog.int2 AND NOT a.attisdropped
    UNION ALL
    SELECT t.root, t.same, c.reltype, 'w' FROM touched t JOIN pg_class c ON c.oid = t.oid
    UNION ALL
    SELECT b.root, b.same, d.refobjid, b.events FROM on_relations b JOIN pg_depend d ON d.classid = b.class AND d.objid = b.object
    WHERE d.refclassid = ${cls('pg_type')}) x
  WHERE x.oid ${OWN}
  UNION
  SELECT t.root, t.same, x.oid, t.events FROM all_types t CROSS JOIN LATERAL (${PARTS}) x WHERE t.events <> 'w' AND x.oid ${OWN}
), types AS (
  ${fewOf('all_types', 'root', 'same', 'oid', 'events')}
), bearers AS (
  SELECT * FROM on_relations
  UNION ALL
  SELECT t.root, t.same, '' AS at, b.* FROM types t CROSS JOIN LATERAL (${ON_TYPES}) b
), ${CALLS}
SELECT json_build_object(
  'oid', a.oid::pg_catalog.int8, 'schema', a.nspname, 'name', a.relname, 'kind', a.relkind,
  'columns', (SELECT json_agg(json_build_array(t.attnum, t.attname, ${SHAPED}, ${CASTABLE}, ${COLLATES})) FROM pg_attribute t
    WHERE t.attrelid = a.oid AND NOT t.attisdropped),
  'generated', (SELECT json_agg(DISTINCT pg_catalog.jsonb_build_array(g.attname, b.attname))
    FROM ${COMPUTED} JOIN pg_attribute b ON b.attrelid = g.attrelid AND b.attnum = d.refobjsubid
    WHERE g.attrelid = a.oid OR g.attrelid = ANY (${below('a.oid')}) AND a.relkind <> 'v' AND a.relkind <> 'm'),
  'keys', (SELECT json_agg(DISTINCT coalesce(t.attname::pg_catalog.text, '*')) FROM pg_partitioned_table p CROSS JOIN LATERAL (${KEYS}) k
    LEFT JOIN pg_attribute t ON t.attrelid = p.partrelid AND t.attnum = k.attnum
    WHERE p.partrelid = ANY (${below('a.oid')}) OR EXISTS (SELECT FROM starts s WHERE s.root = a.oid AND s.oid = p.partrelid)),
  'family', (SELECT json_agg(json_build_array(n.nspname, c.relname,
      c.relispartition AND EXISTS (SELECT FROM descendants d WHERE d.root = f.root AND d.oid = f.oid)))
    FROM family f JOIN pg_class c ON c.oid = f.oid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE f.root = a.oid),
  'behind', (SELECT json_agg(json_build_array(n.nspname, c.relname,
      CASE WHEN NOT b.whole THEN (SELECT coalesce(json_agg(t.attname), '[]') FROM pg_attribute t
        WHERE t.attrelid = c.oid AND (t.attnum = ANY (b.columns) OR EXISTS (
          SELECT FROM ${COMPUTED} WHERE g.attrelid = c.oid AND g.attnum = ANY (b.columns) AND d.refobjsubid = t.attnum) OR EXISTS (
          SELECT FROM ${COMPUTED} JOIN pg_attribute s ON s.attrelid = g.attrelid AND s.attnum = d.refobjsubid
            JOIN pg_attribute p ON p.attrelid = c.oid AND p.attname = g.attname AND p.attnum = ANY (b.columns)
          WHERE g.attrelid = ANY (${below('a.oid')}) AND s.attname = t.attname))) END))
    FROM (SELECT l.refobjid, bool_or(w.whole) AS whole, array_agg(l.refobjsubid) AS columns FROM lineage l
      JOIN wholes w ON w.rule = l.rule WHERE l.root = a.oid AND l.refclassid = ${cls('pg_class')} GROUP BY l.refobjid
      UNION SELECT r.oid, true, NULL FROM ruled r WHERE r.root = a.oid) b
    JOIN pg_class c ON c.oid = b.refobjid JOIN pg_namespace n ON n.oid = c.relnamespace),
  'table', (SELECT json_build_array(n.nspname, c.relname) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace WHERE i.indexrelid = a.oid),
  'rewritten', EXISTS (SELECT FROM starts s JOIN pg_rewrite w ON w.ev_class = s.oid WHERE s.root = a.oid AND w.ev_type <> '1')
    OR EXISTS (SELECT FROM ruled r WHERE r.root = a.oid),
  'cascades', (SELECT json_agg(DISTINCT pg_catalog.jsonb_build_array(n.nspname, c.relname, k.began, k.event))
    FROM cascades k JOIN pg_class c ON c.oid = k.oid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE k.root = a.oid AND k.follows AND (k.event <> 'm' OR c.relispartition AND ${MOVED_BY_KEYS})),
  'version', (SELECT pg_catalog.string_agg(${version('w')}, ',' ORDER BY w.oid) FROM pg_rewrite w
    WHERE w.ev_class = a.oid OR w.oid = ANY ((SELECT array_agg(l.rule) FROM lineage l WHERE l.root = a.oid)::pg_catalog.oid[])),
  'opaque', EXISTS (SELECT FROM lineage l WHERE l.root = a.oid AND l.refclassid = ${cls('pg_proc')}),
  'code', ${code('a.oid')}
)::pg_catalog.text FROM asked a
UNION ALL
${ROUTINES}
UNION ALL
SELECT json_build_object('age',
  pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - pg_catalog.transaction_timestamp()))::pg_catalog.text
WHERE pg_catalog.current_setting('transaction_isolation') = ANY ('{repeatable read,serializable}'::pg_catalog.text[])`)

/**
 * $1: functions, $2: operators, $3: types (text[] each), by their names in any schema, $4: types by their OIDs (oid[]).
 * Somebody's own functions and operators, and code on somebody's own types.
 */
export const CODE_QUERY = qualified(`
WITH RECURSIVE all_types AS (
  SELECT t.oid AS root, t.oid, true AS same, 'riudma' AS events FROM pg_type t
  WHERE (t.typname = ANY ($3::pg_catalog.text[]) OR t.oid = ANY ($4::pg_catalog.oid[])) AND t.oid ${OWN}
  UNION
  SELECT t.root, x.oid, t.same, t.events FROM all_types t CROSS JOIN LATERAL (${PARTS}) x WHERE x.oid ${OWN}
), types AS (
  ${fewOf('all_types', 'root', 'same', 'oid', 'events')}
), bearers AS (
  SELECT t.root, t.same, '' AS at, b.* FROM types t CROSS JOIN LATERAL (${ON_TYPES}) b
), ${CALLS}
${ROUTINES}
UNION ALL
SELECT ${ROUTINE} FROM pg_proc p JOIN pg_namespace pn ON pn.oid = p.pronamespace
WHERE p.oid ${OWN} AND p.proname = ANY ($1::pg_catalog.text[])
UNION ALL
SELECT json_build_object('operator', o.oprname, 'schema', n.nspname, 'called', o.oprcode::pg_catalog.oid::pg_catalog.int8)::pg_catalog.text
FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace WHERE o.oid ${OWN} AND o.oprname = ANY ($2::pg_catalog.text[])
UNION ALL
SELECT ${ROUTINE} FROM pg_operator o JOIN pg_proc p ON p.oid = o.oprcode::pg_catalog.oid JOIN pg_namespace pn ON pn.oid = p.pronamespace
WHERE o.oid ${OWN} AND o.oprname = ANY ($2::pg_catalog.text[])
UNION ALL
SELECT json_build_object('type', t.typname, 'schema', n.nspname, 'of', t.oid::pg_catalog.int8, 'code', ${code('t.oid')})::pg_catalog.text
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE t.oid ${OWN} AND (t.typname = ANY ($3::pg_catalog.text[]) OR t.oid = ANY ($4::pg_catalog.oid[]))`)
