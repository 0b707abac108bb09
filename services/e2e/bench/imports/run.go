package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// run takes one file through the program.
type run struct {
	rows    int
	dir     string
	program string
	say     io.Writer
	figures []figure
}

// imported is an import as the API tells of it; int64s are texts in JSON.
type imported struct {
	ID, State, Problem string
	Rows               int64 `json:"rows,string"`
	Stored             int64 `json:"stored,string"`
	Duplicates         int64 `json:"duplicates,string"`
	Refused            int64 `json:"refused,string"`
}

const megabyte = 1 << 20

func (r *run) note(name string, value float64, unit string) {
	r.figures = append(r.figures, figure{name, value, unit})
	_, _ = fmt.Fprintf(r.say, "%s: %.0f %s\n", name, value, unit)
}

// whole is the story: import, kill -9 amid it, start again, and the same file once more.
func (r *run) whole(ctx context.Context) ([]figure, error) {
	path := filepath.Join(r.dir, "rows.csv")
	size, err := writeFile(path, r.rows)
	if err != nil {
		return nil, err
	}
	r.note("rows", float64(r.rows), "")
	r.note("file", float64(size)/megabyte, "MB")
	p, err := launch(ctx, r.program, r.dir)
	if err != nil {
		return nil, err
	}
	defer func() { p.kill() }()
	go p.watch()
	r.note("memory before", float64(p.sample())/megabyte, "MB")
	began := time.Now()
	id, err := r.send(ctx, p, path)
	if err != nil {
		return nil, err
	}
	r.note("time until it was taken", time.Since(began).Seconds(), "s")
	before, err := r.follow(ctx, p, id, int64(r.rows)/2)
	if err != nil {
		return nil, err
	}
	r.note("rows when it was killed", float64(before.Rows), "")
	r.note("memory when it was killed", float64(p.sample())/megabyte, "MB")
	r.note("memory until then, at most", float64(p.peak())/megabyte, "MB")
	p.kill()
	killed := time.Now()
	if p, err = launch(ctx, r.program, r.dir); err != nil {
		return nil, err
	}
	go p.watch()
	r.note("time until it was ready again", time.Since(killed).Seconds(), "s")
	done, err := r.follow(ctx, p, id, -1)
	if err != nil {
		return nil, err
	}
	took := time.Since(began)
	r.note("time in all", took.Seconds(), "s")
	r.note("rate", float64(r.rows)/took.Seconds(), "rows/s")
	r.note("memory at the end", float64(p.sample())/megabyte, "MB")
	if err := done.check(expect(r.rows)); err != nil {
		return nil, err
	}
	return r.figures, r.again(ctx, p, path)
}

// again sends the same file: every row is known, and nothing more needs to be.
func (r *run) again(ctx context.Context, p *process, path string) error {
	began := time.Now()
	id, err := r.send(ctx, p, path)
	if err != nil {
		return err
	}
	done, err := r.follow(ctx, p, id, -1)
	if err != nil {
		return err
	}
	e := expect(r.rows)
	e.stored, e.duplicates = 0, e.stored+e.duplicates
	if err := done.check(e); err != nil {
		return fmt.Errorf("the same file again: %w", err)
	}
	r.note("the same file again", time.Since(began).Seconds(), "s")
	r.note("memory after it", float64(p.sample())/megabyte, "MB")
	r.note("memory since the restart, at most", float64(p.peak())/megabyte, "MB")
	return nil
}

func (i imported) check(e expected) error {
	got := expected{i.Rows, i.Stored, i.Duplicates, i.Refused}
	if i.State != "COMPLETED" || got != e {
		return fmt.Errorf("the import is %s (%s) with rows, stored, duplicates, refused %v, want %v", i.State, i.Problem, got, e)
	}
	return nil
}

// follow waits until more than so many rows were read, or to the end when that is negative.
func (r *run) follow(ctx context.Context, p *process, id string, rows int64) (imported, error) {
	tenth := int64(r.rows) / 10
	for next := tenth; ; {
		var answer struct{ Import imported }
		if err := p.call(ctx, http.MethodGet, "/v1/imports/"+id, nil, &answer); err != nil {
			return imported{}, err
		}
		i := answer.Import
		if i.Rows >= next {
			_, _ = fmt.Fprintf(r.say, "  %d rows, %d MB\n", i.Rows, p.sample()/megabyte)
			next = i.Rows + tenth
		}
		switch i.State {
		case "COMPLETED", "FAILED", "CANCELLED":
			if rows >= 0 {
				return i, fmt.Errorf("the import was %s before it could be interrupted", i.State)
			}
			return i, nil
		}
		if rows >= 0 && i.Rows > rows {
			return i, nil
		}
		if err := p.pause(ctx, 5*time.Millisecond); err != nil {
			return i, err
		}
	}
}

// send streams the file into an upload.
func (r *run) send(ctx context.Context, p *process, path string) (id string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	body, into := io.Pipe()
	form := multipart.NewWriter(into)
	go func() {
		err := form.WriteField("mapping", mappingText)
		if err == nil {
			var w io.Writer
			if w, err = form.CreateFormFile("file", filepath.Base(path)); err == nil {
				_, err = io.Copy(w, f)
			}
		}
		if err == nil {
			err = form.Close()
		}
		_ = into.CloseWithError(err)
	}()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url+"/v1/imports", body)
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", form.FormDataContentType())
	var answer struct{ Import imported }
	err = do(req, &answer)
	return answer.Import.ID, err
}

// call asks the program.
func (p *process) call(ctx context.Context, method, path string, body []byte, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, p.url+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	return do(req, into)
}

func do(req *http.Request, into any) error {
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s: %s", req.Method, req.URL.Path, resp.Status, text)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(text, into)
}
