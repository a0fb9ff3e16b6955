// The database of the stack: two tables with personal data, and the two roles that Chaperone logs in as.
import type { Postgres } from '../postgres.ts'

export const DATABASE = 'app'
export const WRITER = 'app_rw'
export const READER = 'app_ro'

const TABLES = `
  CREATE TABLE customers (
    id integer PRIMARY KEY,
    name text NOT NULL,
    email text,
    ssn text,
    card text,
    birthday date,
    balance numeric(12,2),
    notes text,
    data jsonb
  );
  CREATE TABLE orders (
    id integer PRIMARY KEY,
    customer_id integer NOT NULL REFERENCES customers,
    total numeric(12,2) NOT NULL,
    status text NOT NULL,
    created_at timestamptz NOT NULL
  );
  INSERT INTO customers VALUES
    (1, 'Ada Lovelace', 'ada@example.com', '078-05-1120', '4111111111111111', '1815-12-10', 1200.50, 'prefers mail', '{"tier": "gold", "phone": "+1 202 555 0101"}'),
    (2, 'Grace Hopper', 'grace@example.com', '219-09-9999', '5500005555555559', '1906-12-09', 80.00, NULL, '{"tier": "silver"}'),
    (3, 'Alan Turing', 'alan@example.com', '457-55-5462', '340000000000009', '1912-06-23', -12.34, 'call first', NULL),
    (4, 'Edsger Dijkstra', NULL, NULL, NULL, '1930-05-11', 0.00, NULL, '{}');
  INSERT INTO orders VALUES
    (10, 1, 99.95, 'paid', '2026-01-05 10:00:00+00'),
    (11, 1, 12.00, 'open', '2026-02-01 12:30:00+00'),
    (12, 2, 250.00, 'open', '2026-02-03 08:15:00+00'),
    (13, 3, 5.75, 'shipped', '2026-02-10 17:45:00+00');
  GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${READER};
  GRANT ALL ON SCHEMA public TO ${WRITER};
  ALTER TABLE customers OWNER TO ${WRITER};
  ALTER TABLE orders OWNER TO ${WRITER};
`

/** Makes the database in a server that has the two roles. The writer owns it, so that only Chaperone stops it. */
export async function createDatabase(postgres: Postgres): Promise<void> {
  await postgres.query(`CREATE DATABASE ${DATABASE} OWNER ${WRITER}`)
  await postgres.query(TABLES, undefined, DATABASE)
}
