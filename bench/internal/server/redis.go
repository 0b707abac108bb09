package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"
)

// Redis is a redis-server that keeps what it is told in an append-only file.
type Redis struct {
	// Addr is its HOST:PORT.
	Addr string
	// Version is the server's name and number.
	Version string
	*process
}

// StartRedis starts a redis-server. appendfsync is Redis' own setting: everysec
// may lose the last second, always syncs before it answers.
func StartRedis(ctx context.Context, appendfsync string) (*Redis, error) {
	path, err := find("redis-server", "Debian: apt-get install redis-server")
	if err != nil {
		return nil, err
	}
	release, err := version(ctx, path)
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	dir, err := directory("redis")
	if err != nil {
		return nil, err
	}
	r := &Redis{Addr: net.JoinHostPort("127.0.0.1", port), Version: release}
	r.process, err = start(ctx, program{
		path: path, dir: dir, stop: syscall.SIGTERM,
		args: []string{
			"--port", port, "--bind", "127.0.0.1", "--dir", dir, "--save", "",
			"--appendonly", "yes", "--appendfsync", appendfsync, "--maxmemory-policy", "noeviction",
		},
	}, r.answers)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return r, nil
}

// answers asks in Redis' inline protocol, which needs no client.
func (r *Redis) answers(ctx context.Context) error {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", r.Addr)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	if _, err := c.Write([]byte("PING\r\n")); err != nil {
		return err
	}
	answer := make([]byte, len("+PONG"))
	if _, err := c.Read(answer); err != nil {
		return err
	}
	if string(answer) != "+PONG" {
		return fmt.Errorf("it answers %q", answer)
	}
	return nil
}

// Stop ends the server and removes its directory.
func (r *Redis) Stop() error { return errors.Join(r.end(), os.RemoveAll(r.dir)) }
