package redisfloor

import (
	"context"
	_ "embed" // the script
	"fmt"
	"net/url"
	"time"

	"github.com/redis/go-redis/v9"
)

//go:embed door.lua
var doorSource string

var doorScript = redis.NewScript(doorSource)

// Enter implements floor.Floor. How long it lasts is by the server's clock.
func (f *Floor) Enter(ctx context.Context, agent, who string, now, until time.Time) (bool, error) {
	n, err := doorScript.Run(ctx, f.client, []string{f.door(agent)}, "enter", who, max(until.Sub(now).Milliseconds(), 1)).Int()
	if err != nil {
		return false, fmt.Errorf("floor: %w", err)
	}
	return n == 1, nil
}

// Leave implements floor.Floor.
func (f *Floor) Leave(ctx context.Context, agent, who string) error {
	if err := doorScript.Run(ctx, f.client, []string{f.door(agent)}, "leave", who).Err(); err != nil {
		return fmt.Errorf("floor: %w", err)
	}
	return nil
}

func (f *Floor) door(agent string) string { return f.doors + url.QueryEscape(agent) }
