// pgx's part of the driver matrix: plays its steps and prints what it saw as one JSON object.
//
// Its argument is `same`, for the steps that must look as they do without Chaperone, `guarded`, for masks and
// refusals, or `quiet`, for those in which nothing comes for long. The server is named by libpq's environment variables (PGHOST, …), which pgx reads itself.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

var modes = []pgx.QueryExecMode{
	pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheDescribe, pgx.QueryExecModeDescribeExec,
	pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol,
}

type step struct {
	name string
	play func(context.Context, *pgx.Conn) (any, error)
}

// attempt gives the result, or the fields of the server's error.
func attempt(result any, err error) any {
	var server *pgconn.PgError
	if errors.As(err, &server) {
		return map[string]any{
			"sqlstate": server.Code, "message": server.Message, "detail": server.Detail,
			"position": server.Position, "constraint": server.ConstraintName, "severity": server.Severity,
		}
	}
	if err != nil {
		return map[string]any{"driver": err.Error()}
	}
	return result
}

func rows(ctx context.Context, conn *pgx.Conn, sql string, args ...any) (any, error) {
	found, err := conn.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(found, func(row pgx.CollectableRow) (any, error) {
		values, err := row.Values()
		return fmt.Sprint(values...), err
	})
}

func inEveryMode(ctx context.Context, conn *pgx.Conn, sql string, args ...any) (any, error) {
	var seen []any
	for _, mode := range modes {
		for range 3 {
			seen = append(seen, attempt(rows(ctx, conn, sql, append([]any{mode}, args...)...)))
		}
	}
	return seen, nil
}

func types(ctx context.Context, conn *pgx.Conn) (any, error) {
	columns := "id, i2, i8, n, f4, f8, b, t, v, c, y, d, ti, ts, iv, j, jb, ia, ta, u, ip, r, o, bits"
	return inEveryMode(ctx, conn, "SELECT "+columns+" FROM samples WHERE id >= $1 ORDER BY id", 1)
}

func parameters(ctx context.Context, conn *pgx.Conn) (any, error) {
	when := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	sql := "SELECT $1::int4, $2::text, $3::int4[], $4::bytea, $5::timestamptz AT TIME ZONE 'UTC', $6::numeric, $7::text"
	return inEveryMode(ctx, conn, sql, 42, "it's", []int32{1, 2}, []byte{0, 255}, when, "1.10", nil)
}

func transactions(ctx context.Context, conn *pgx.Conn) (any, error) {
	var seen []any
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "INSERT INTO notes VALUES (3, 'three')"); err != nil {
			return err
		}
		inner := pgx.BeginFunc(ctx, tx, func(nested pgx.Tx) error {
			_, err := nested.Exec(ctx, "INSERT INTO notes VALUES (1, 'again')")
			return err
		})
		seen = append(seen, attempt(nil, inner))
		return nil
	})
	if err != nil {
		return nil, err
	}
	all, err := rows(ctx, conn, "SELECT * FROM notes ORDER BY id")
	return append(seen, all), err
}

func failures(ctx context.Context, conn *pgx.Conn) (any, error) {
	var seen []any
	for _, sql := range []string{"selct 1", "SELECT nothing FROM notes", "SELECT 1/0", "INSERT INTO notes VALUES (1, 'dup')"} {
		for _, mode := range modes {
			tag, err := conn.Exec(ctx, sql, mode)
			seen = append(seen, attempt(tag.String(), err))
		}
		seen = append(seen, attempt(rows(ctx, conn, "SELECT 1")))
	}
	return seen, nil
}

func batches(ctx context.Context, conn *pgx.Conn) (any, error) {
	batch := &pgx.Batch{}
	for number := range 100 {
		batch.Queue("SELECT $1::int4, body FROM notes WHERE id = 1", number)
	}
	batch.Queue("SELECT 1/0")
	batch.Queue("INSERT INTO notes VALUES (60, 'never')")
	results := conn.SendBatch(ctx, batch)
	var seen []any
	for range batch.Len() {
		found, err := results.Query()
		if err == nil {
			found.Close()
			err = found.Err()
		}
		seen = append(seen, attempt(found.CommandTag().String(), err))
	}
	closed := results.Close()
	return append(seen, attempt(nil, closed), attempt(rows(ctx, conn, "SELECT count(*) FROM notes"))), nil
}

func copies(ctx context.Context, conn *pgx.Conn) (any, error) {
	source := pgx.CopyFromRows([][]any{{10, "ten\twith tab"}, {11, nil}, {12, "back\\slash"}})
	count, err := conn.CopyFrom(ctx, pgx.Identifier{"notes"}, []string{"id", "body"}, source)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	tag, err := conn.PgConn().CopyTo(ctx, &out, "COPY (SELECT id, body FROM notes ORDER BY id) TO STDOUT")
	if err != nil {
		return nil, err
	}
	again := pgx.CopyFromRows([][]any{{1, "dup"}})
	_, duplicate := conn.CopyFrom(ctx, pgx.Identifier{"notes"}, []string{"id", "body"}, again)
	return []any{count, out.String(), tag.String(), attempt(nil, duplicate)}, nil
}

func cancelled(ctx context.Context, conn *pgx.Conn) (any, error) {
	time.AfterFunc(300*time.Millisecond, func() { _ = conn.PgConn().CancelRequest(ctx) })
	_, err := conn.Exec(ctx, "SELECT pg_sleep(20)")
	return []any{attempt(nil, err), attempt(rows(ctx, conn, "SELECT 1"))}, nil
}

func big(ctx context.Context, conn *pgx.Conn) (any, error) {
	found, err := conn.Query(ctx, "SELECT n, repeat(md5(n::text), 100) FROM generate_series(1, $1::int4) n", 5000)
	if err != nil {
		return nil, err
	}
	count, size := 0, 0
	var number int
	var data string
	_, err = pgx.ForEachRow(found, []any{&number, &data}, func() error {
		count++
		size += len(data)
		return nil
	})
	return []int{count, size}, err
}

func listen(ctx context.Context, conn *pgx.Conn) (any, error) {
	for _, sql := range []string{"LISTEN news", "NOTIFY news, 'hello'"} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return nil, err
		}
	}
	soon, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	heard, err := conn.WaitForNotification(soon)
	if err != nil {
		return nil, err
	}
	return []string{heard.Channel, heard.Payload}, nil
}

func reconnect(ctx context.Context, _ *pgx.Conn) (any, error) {
	var seen []any
	for range 5 {
		conn, err := pgx.Connect(ctx, "")
		if err != nil {
			return nil, err
		}
		seen = append(seen, attempt(rows(ctx, conn, "SELECT count(*) FROM pg_prepared_statements WHERE name = 'mine'")))
		if _, err := conn.Prepare(ctx, "mine", "SELECT 1"); err != nil {
			return nil, err
		}
		if err := conn.Close(ctx); err != nil {
			return nil, err
		}
	}
	return seen, nil
}

func refused(ctx context.Context, conn *pgx.Conn) (any, error) {
	var seen []any
	for _, mode := range modes {
		_, err := conn.Exec(ctx, "TRUNCATE notes", mode)
		seen = append(seen, attempt(nil, err), attempt(rows(ctx, conn, "SELECT 1")))
	}
	return seen, nil
}

func masked(ctx context.Context, conn *pgx.Conn) (any, error) {
	return inEveryMode(ctx, conn, "SELECT ssn, card, name FROM customers WHERE id = $1", 1)
}

var steps = map[string][]step{
	"same": {
		{"types", types}, {"parameters", parameters}, {"transactions", transactions}, {"errors", failures},
		{"batches", batches}, {"copy", copies}, {"cancelled", cancelled}, {"big", big}, {"listen", listen},
		{"reconnect", reconnect},
	},
	"guarded": {{"refused", refused}, {"masked", masked}},
}

func main() {
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	seen, err := play(ctx, os.Args[1])
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(seen)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func play(ctx context.Context, part string) (map[string]any, error) {
	if part == "quiet" {
		return quiet(ctx), nil
	}
	conn, err := pgx.Connect(ctx, "")
	if err != nil {
		return nil, err
	}
	defer conn.Close(ctx)
	seen := map[string]any{}
	for _, one := range steps[part] {
		seen[one.name] = attempt(one.play(ctx, conn))
	}
	return seen, nil
}
