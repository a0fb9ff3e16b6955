package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// Steps in which nothing comes for longer than a session may be idle: all at once, each on a connection of its own.

const (
	silence = 6500 * time.Millisecond
	sleeps  = "SELECT pg_sleep(6.5) IS NULL AS slept"
	// The server sends what fills its buffer of 8 KiB: it falls silent within the first row.
	withinARow = "SELECT n, repeat(md5(n::text), 300), CASE WHEN n = 2 THEN pg_sleep(6.5) IS NULL END FROM generate_series(1, 3) n"
)

func statements(mode pgx.QueryExecMode) step {
	return step{fmt.Sprint("statement ", mode), func(ctx context.Context, conn *pgx.Conn) (any, error) {
		return rows(ctx, conn, sleeps+", $1::int4", mode, 7)
	}}
}

func result(ctx context.Context, conn *pgx.Conn) (any, error) {
	return rows(ctx, conn, withinARow)
}

func copyOut(ctx context.Context, conn *pgx.Conn) (any, error) {
	var out bytes.Buffer
	tag, err := conn.PgConn().CopyTo(ctx, &out, "COPY ("+withinARow+") TO STDOUT")
	return []string{tag.String(), out.String()}, err
}

// More than pgx keeps before it sends comes first.
func copyIn(ctx context.Context, conn *pgx.Conn) (any, error) {
	id := 1000
	source := pgx.CopyFromFunc(func() ([]any, error) {
		id++
		if id == 1030 {
			time.Sleep(silence)
		}
		if id == 1040 {
			return nil, nil
		}
		return []any{id, strings.Repeat("x", 10_000)}, nil
	})
	return attempt(conn.CopyFrom(ctx, pgx.Identifier{"notes"}, []string{"id", "body"}, source)), nil
}

func batch(ctx context.Context, conn *pgx.Conn) (any, error) {
	batch := &pgx.Batch{}
	for _, sql := range []string{"SELECT $1::int4", sleeps + ", $1::int4", "SELECT $1::int4 + 1"} {
		batch.Queue(sql, 7)
	}
	results := conn.SendBatch(ctx, batch)
	var seen []any
	for range batch.Len() {
		tag, err := results.Exec()
		seen = append(seen, attempt(tag.String(), err))
	}
	return seen, results.Close()
}

func pipeline(ctx context.Context, conn *pgx.Conn) (any, error) {
	pipeline := conn.PgConn().StartPipeline(ctx)
	pipeline.SendQueryParams("SELECT 1", nil, nil, nil, nil)
	pipeline.SendFlushRequest()
	pipeline.SendQueryParams(sleeps, nil, nil, nil, nil)
	if err := pipeline.Sync(); err != nil {
		return nil, err
	}
	var seen []string
	for range 3 {
		found, err := pipeline.GetResults()
		if err != nil {
			return nil, err
		}
		seen = append(seen, fmt.Sprintf("%T", found))
	}
	return seen, pipeline.Close()
}

func cursor(ctx context.Context, conn *pgx.Conn) (any, error) {
	var seen []any
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "DECLARE c CURSOR FOR "+withinARow); err != nil {
			return err
		}
		for range 4 {
			seen = append(seen, attempt(rows(ctx, conn, "FETCH 1 FROM c", pgx.QueryExecModeSimpleProtocol)))
		}
		return nil
	})
	return seen, err
}

// Somebody speaks now and then, for longer than a session may be idle.
func listens(ctx context.Context, conn *pgx.Conn) (any, error) {
	speaker, err := pgx.Connect(ctx, "")
	if err != nil {
		return nil, err
	}
	defer speaker.Close(ctx)
	if _, err := conn.Exec(ctx, "LISTEN quiet"); err != nil {
		return nil, err
	}
	var heard []string
	for number := range 7 {
		if _, err := speaker.Exec(ctx, fmt.Sprintf("NOTIFY quiet, '%d'", number)); err != nil {
			return nil, err
		}
		notification, err := conn.WaitForNotification(ctx)
		if err != nil {
			return nil, err
		}
		heard = append(heard, notification.Payload)
		time.Sleep(silence / 7)
	}
	return heard, nil
}

func waits(ctx context.Context, conn *pgx.Conn) (any, error) {
	if _, err := conn.Exec(ctx, "LISTEN nobody"); err != nil {
		return nil, err
	}
	soon, stop := context.WithTimeout(ctx, silence)
	defer stop()
	_, err := conn.WaitForNotification(soon)
	return nil, err
}

func quiet(ctx context.Context) map[string]any {
	steps := []step{
		{"result", result}, {"copy out", copyOut}, {"copy in", copyIn}, {"batch", batch}, {"pipeline", pipeline},
		{"cursor", cursor}, {"listen", listens}, {"waits", waits},
	}
	for _, mode := range modes {
		steps = append(steps, statements(mode))
	}
	seen := map[string]any{}
	var lock sync.Mutex
	var playing sync.WaitGroup
	for _, one := range steps {
		playing.Add(1)
		go func() {
			defer playing.Done()
			answer := alone(ctx, one)
			lock.Lock()
			defer lock.Unlock()
			seen[one.name] = answer
		}()
	}
	playing.Wait()
	return seen
}

func alone(ctx context.Context, one step) any {
	conn, err := pgx.Connect(ctx, "")
	if err != nil {
		return attempt(nil, err)
	}
	defer conn.Close(ctx)
	return attempt(one.play(ctx, conn))
}
