// Cases of code that no statement shows, for somebody who may do anything to tables and views named `t…` but may not call
// functions: in each the code empties `orders`.
import type { Change } from './case.ts'

/** What empties the table, as a function of each kind that code can be asked for. */
const CODE = [
  `create function purge() returns int language plpgsql as 'begin delete from public.orders; return 1; end'`,
  `create function fires() returns trigger language plpgsql as 'begin perform public.purge(); return case tg_op when $$DELETE$$ then old else new end; end'`,
  `create function pure(int) returns int language plpgsql immutable as 'begin return public.purge(); end'`,
  `create function holds(int) returns boolean language plpgsql immutable as 'begin perform public.purge(); return true; end'`,
  `create function holds(text) returns boolean language plpgsql immutable as 'begin perform public.purge(); return true; end'`,
  `create function same(text, varchar) returns boolean language plpgsql as 'begin perform public.purge(); return true; end'`,
]
/** Whoever tries owns what is his. */
const OWN = `do $$declare r record; begin
  for r in select oid::regclass as name, relkind from pg_class where relname like 't%' and relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm') loop
    execute format('alter %s %s owner to app_rw', case r.relkind when 'v' then 'view' when 'm' then 'materialized view' else 'table' end, r.name);
  end loop; end$$`

export const hidden = (name: string, given: readonly string[], ...steps: Change['steps']): Change => ({
  name,
  given: [...CODE, ...given, OWN],
  steps,
})
