package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/jackc/pgx/v5"
)

const installPostgres = "Debian: apt-get install postgresql, and put /usr/lib/postgresql/*/bin in PATH"

// superuser is the database's, not the system's.
const superuser = "bench"

// Postgres is a database cluster with Postgres' own settings, fsync and
// synchronous_commit among them.
type Postgres struct {
	// URL is where to connect.
	URL string
	// Version is the server's name and number.
	Version string
	*process
}

// StartPostgres makes a database cluster and starts it. connections is how many
// clients it must take beside its own default of 100.
func StartPostgres(ctx context.Context, connections int) (*Postgres, error) {
	initdb, err := find("initdb", installPostgres)
	if err != nil {
		return nil, err
	}
	postgres, err := find("postgres", installPostgres)
	if err != nil {
		return nil, err
	}
	release, err := version(ctx, postgres)
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	dir, err := directory("postgres")
	if err != nil {
		return nil, err
	}
	p := &Postgres{Version: release, URL: fmt.Sprintf("postgres://%s@127.0.0.1:%s/postgres?sslmode=disable", superuser, port)}
	p.process, err = p.start(ctx, initdb, program{path: postgres, dir: dir, stop: syscall.SIGINT, args: []string{
		"-D", filepath.Join(dir, "data"), "-p", port, "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
		"-c", fmt.Sprintf("max_connections=%d", 100+connections),
	}})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return p, nil
}

func (p *Postgres) start(ctx context.Context, initdb string, server program) (*process, error) {
	as, err := notRoot(server.dir)
	if err != nil {
		return nil, err
	}
	server.as = as
	err = run(ctx, program{path: initdb, dir: server.dir, as: as, args: []string{
		"-D", filepath.Join(server.dir, "data"), "-U", superuser, "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync",
	}})
	if err != nil {
		return nil, err
	}
	return start(ctx, server, p.answers)
}

// notRoot is who runs Postgres, which refuses root: its own user where Debian's
// package has made one. The directory becomes theirs.
func notRoot(dir string) (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil //nolint:nilnil // nobody else is needed
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		u, err = user.Lookup("nobody")
	}
	if err != nil {
		return nil, fmt.Errorf("postgres does not run as root, and there is no user for it: run this as another user: %w", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("user %s: %w", u.Username, err)
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("user %s: %w", u.Username, err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, os.Chown(dir, int(uid), int(gid))
}

func (p *Postgres) answers(ctx context.Context) error {
	c, err := pgx.Connect(ctx, p.URL)
	if err != nil {
		return err
	}
	return c.Close(ctx)
}

// Stop ends the server and removes its directory.
func (p *Postgres) Stop() error { return errors.Join(p.end(), os.RemoveAll(p.dir)) }
