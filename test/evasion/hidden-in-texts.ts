// Code that did not hang on what a statement names before the text that the statement is in.
import type { Change } from './case.ts'
import { hidden } from './hidden.ts'

export const hiddenInTexts: readonly Change[] = [
  hidden(
    'a trigger that the text enables before',
    [
      'create table t (a int)',
      'create trigger x before insert on t for each row execute function fires()',
      'alter table t disable trigger x',
    ],
    'alter table t enable trigger x; insert into t values (1)',
  ),
  hidden(
    'a trigger of what the text gives another name before',
    [
      'create table t_1 (a int)',
      'create trigger x before insert on t_1 for each row execute function fires()',
    ],
    'select 1; alter table t_1 rename to t_2; insert into t_2 values (1)',
  ),
  hidden(
    'a trigger of what the text makes a child before',
    [
      'create table t (a int); create table t_child (a int); insert into t_child values (1)',
      'create trigger x before update on t_child for each row execute function fires()',
    ],
    'alter table t_child inherit t; update t set a = 2',
  ),
]
