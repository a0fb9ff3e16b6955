// Ways to store a masked value where no mask is, and to read it there.
import { type Leak, shows } from './case.ts'
import { changedCopies, madeCopies } from './copies-changed.ts'
import { into } from './copies-steps.ts'

/** Of the columns whose masks never allow copies; `card` is the one whose mask does, for some who try. */
const KEPT = /078-05-1120|219-09-9999|457-55-5462|(ada|grace|alan)@example\.com/

const INSERTED: readonly Leak[] = [
  ...into(
    'under the name of a column that may be copied',
    'insert into public.mine select ssn as card from customers',
  ),
  ...into(
    'by a subquery under another name',
    'insert into public.mine select card from (select ssn as card from customers) c',
  ),
  ...into(
    'by a CTE with the name of the table',
    'with customers as (select ssn as card from public.customers) insert into public.mine select card from customers',
  ),
  ...into(
    'by other names of all columns',
    'insert into public.mine select card from customers c (id, name, email, card, was)',
  ),
  ...into('by VALUES', 'insert into public.mine values ((select ssn from customers where id = 1))'),
  ...into('by the row', 'insert into public.mine select c::text from customers c'),
  ...into('by json of the row', `insert into public.mine select to_jsonb(c) ->> 'ssn' from customers c`),
  ...into(
    'by fields of the row as rows',
    'insert into public.mine select e.value from customers c, lateral jsonb_each_text(to_jsonb(c)) e',
  ),
  ...into('by unnest', 'insert into public.mine select x from customers, lateral unnest(array[card, ssn]) x'),
  ...into('by an aggregate', `insert into public.mine select string_agg(ssn, ',') from customers`),
  ...into('by a window', 'insert into public.mine select lag(ssn) over (order by id) from customers'),
  ...into('by CASE', `insert into public.mine select case when card is not null then ssn end from customers`),
  ...into('by COALESCE', 'insert into public.mine select coalesce(nullif(card, card), ssn) from customers'),
  ...into(
    'by the second arm of UNION',
    'insert into public.mine select card from customers union all select email from customers',
  ),
  ...into(
    'by recursion',
    'with recursive r (n, card) as (select 1, ssn from customers where id = 1 union all select n + 1, card from r where n < 3) insert into public.mine select card from r',
  ),
  ...into(
    'by the merged column of a join',
    'insert into public.mine select ssn from customers join (select ssn from customers) d using (ssn)',
  ),
  ...into(
    'by a natural join under a name',
    'insert into public.mine select j.ssn from (customers natural join (select id from customers) d) j',
  ),
  ...into(
    'by a column that is generated from it',
    'insert into public.mine select code from customers',
    `alter table customers add column code text generated always as (ssn || '') stored`,
  ),
  ...into(
    'by a view',
    'insert into public.mine select card from shown',
    'create view shown as select id, ssn as card from customers',
    'grant all on shown to public',
  ),
  ...into(
    'by a view of a view',
    'insert into public.mine select card from more',
    'create view shown as select ssn as s from customers',
    'create view more as select s as card from shown',
    'grant all on shown, more to public',
  ),
  ...into(
    'by a child table',
    'insert into public.mine select ssn from vip',
    'create table vip () inherits (customers)',
    'insert into vip select * from only customers',
    'grant all on vip to public',
  ),
  ...into(
    'by what DELETE returns',
    'with d as (delete from customers where id = 4 returning (select max(ssn) from customers) as card) insert into public.mine select card from d',
  ),
  ...into(
    'by what UPDATE returns',
    'with u as (update customers set name = name returning ssn as card) insert into public.mine select card from u',
  ),
  ...into(
    'by what another INSERT returns',
    `with i as (insert into customers (id, name, notes) select 900, 'x', max(ssn) from customers returning notes as card) insert into public.mine select card from i`,
  ),
  ...into(
    'by MERGE that inserts',
    'merge into public.mine m using customers c on false when not matched then insert values (c.ssn)',
  ),
  ...into('by a subscript', `insert into public.mine select (array[card, ssn])[2] from customers`),
  ...into(
    'by a cursor’s twin, a lateral VALUES',
    'insert into public.mine select v.x from customers c, lateral (values (c.card), (c.ssn)) v (x)',
  ),
]

/** Played where masks refuse copies, where they hold them, and where the mask of `card` allows them and the others refuse. */
export const copies: readonly Leak[] = [...INSERTED, ...changedCopies, ...madeCopies].map((one) =>
  one.name === 'a sequence' || one.shows ? shows(/78051120/, one) : shows(KEPT, one),
)
