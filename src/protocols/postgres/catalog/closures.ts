// What is behind a relation other than by its own rules: what rules of tables make that foreign keys change, and what policies
// read. Parts of the question for relations.
import { chars, cls, fewOf } from './sql.ts'

/** What the rules `w` mention that are chosen. */
const mentioned = (which: string) =>
  `SELECT d.refobjid AS oid FROM pg_rewrite w JOIN pg_depend d ON d.classid = ${cls('pg_rewrite')} AND d.objid = w.oid
    WHERE ${which} AND d.refclassid = ${cls('pg_class')} AND d.refobjid <> w.ev_class`

/** What the policies of a relation mention. */
const guarded = (relation: string) =>
  `SELECT d.refobjid AS oid FROM pg_policy y JOIN pg_class s ON s.oid = y.polrelid AND s.relrowsecurity
    JOIN pg_depend d ON d.classid = ${cls('pg_policy')} AND d.objid = y.oid
    WHERE y.polrelid = ${relation} AND d.refclassid = ${cls('pg_class')} AND d.refobjid <> y.polrelid`

/** What rules of tables make that foreign keys change, and what is behind that, however far. */
export const RULED = `ruled AS (
  SELECT c.root, m.oid FROM (${fewOf('(SELECT DISTINCT d.root, d.oid FROM cascades d WHERE d.follows)', 'root', 'oid')}) c
    CROSS JOIN LATERAL (${mentioned(`w.ev_class = c.oid AND w.ev_type <> '1'`)}) m
  UNION
  SELECT x.root, e.oid FROM ruled x CROSS JOIN LATERAL (
    ${mentioned('w.ev_class = x.oid')}
    UNION ALL
    SELECT k.conrelid FROM pg_constraint k WHERE k.contype = 'f' AND k.confrelid = x.oid
      AND (k.confdeltype = ANY (${chars('c,n,d')}) OR k.confupdtype = ANY (${chars('c,n,d')}))
    UNION ALL
    SELECT i.inhrelid FROM pg_inherits i WHERE i.inhparent = x.oid) e
)`

/** What policies read to tell which rows there are, and what is behind that. */
export const GUARDS = `guards AS (
  SELECT s.root, g.oid
    FROM (${fewOf('(SELECT s.root, s.oid FROM starts s UNION SELECT r.root, r.oid FROM ruled r)', 'root', 'oid')}) s
    CROSS JOIN LATERAL (${guarded('s.oid')}) g
  UNION
  SELECT x.root, e.oid FROM guards x CROSS JOIN LATERAL (
    ${mentioned(`w.ev_class = x.oid AND w.ev_type = '1'`)}
    UNION ALL ${guarded('x.oid')}
    UNION ALL SELECT i.inhrelid FROM pg_inherits i WHERE i.inhparent = x.oid) e
)`
