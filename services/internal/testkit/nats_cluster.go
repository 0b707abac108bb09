package testkit

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

const (
	// clusterNodes is how many servers a cluster has, and replicas a stream.
	clusterNodes = 3
	// clusterPatience bounds each wait for a cluster: electing a leader takes 4
	// to 9 s by design, more than once when votes are split.
	clusterPatience = 90 * time.Second
	clusterLook     = 10 * time.Millisecond
	// nowhere is what nodes tell each other of their address, so that they meet
	// over their links alone: nobody listens there.
	nowhere = "127.0.0.1:1"
)

// Cluster is three NATS servers of the test's own, in this process, as a
// deployment has them: every stream has three replicas, and every node syncs
// each write. Its methods end the test when what they wait for does not come.
// Safe for concurrent use, except that one node is stopped, started, cut off or
// let back in by one goroutine at a time.
type Cluster struct {
	nodes [clusterNodes]*clusterNode
}

// clusterNode is one server: where it stores, where it is reached, and the links
// by which it dials the others.
type clusterNode struct {
	name  string
	dir   string
	links map[int]*link

	mu   sync.Mutex
	port int            // of clients: any free one at first, and that one from then on
	ns   *server.Server // nil while stopped
	away bool           // cut off
}

// NATSCluster starts three clustered NATS servers on free loopback ports, with
// every stream and consumer of the topology on three replicas, and returns when
// all replicas are current. Nodes are 0, 1 and 2. They end with the test.
//
// It takes some 5 s, most of it the servers' first election.
func NATSCluster(t testing.TB) *Cluster {
	t.Helper()
	c := &Cluster{}
	for i := range c.nodes {
		c.nodes[i] = &clusterNode{
			name: fmt.Sprintf("n%d", i), dir: t.TempDir(), links: map[int]*link{}, port: server.RANDOM_PORT,
		}
	}
	c.eachLink(func(from, to int) {
		c.nodes[from].links[to] = newLink(t, c.nodes[to].routeAddr)
	})
	t.Cleanup(c.shutdown)
	for i := range c.nodes {
		c.launch(t, i)
	}
	c.provision(t)
	c.AwaitHealthy(t)
	return c
}

func (c *Cluster) eachLink(each func(from, to int)) {
	for from := range c.nodes {
		for to := range c.nodes {
			if from != to {
				each(from, to)
			}
		}
	}
}

// launch runs a node's server on its store.
func (c *Cluster) launch(t testing.TB, node int) {
	t.Helper()
	n := c.nodes[node]
	ns, err := server.NewServer(n.options())
	require.NoError(t, err)
	n.set(ns)
	ns.Start()
	require.True(t, ns.ReadyForConnections(clusterPatience), "node %d does not start", node)
	n.keepPort(ns)
}

func (n *clusterNode) options() *server.Options {
	o := &server.Options{
		ServerName: n.name, Host: "127.0.0.1", Port: n.port, NoSigs: true, NoLog: true,
		Cluster: server.ClusterOpts{
			Name: "rappel", Host: "127.0.0.1", Port: server.RANDOM_PORT, Advertise: nowhere, NoAdvertise: true,
		},
		JetStream: true, StoreDir: filepath.Join(n.dir, "jetstream"), DisableJetStreamBanner: true,
		SyncAlways: true, JetStreamMaxMemory: 256 << 20, JetStreamMaxStore: -1,
		MaxPayload: topology.MaxMessage,
	}
	for _, l := range n.links {
		o.Routes = append(o.Routes, &url.URL{Scheme: "nats-route", Host: l.addr()})
	}
	return o
}

// provision makes the streams, once the servers have agreed on who may.
func (c *Cluster) provision(t testing.TB) {
	t.Helper()
	c.await(t, "the servers find each other and elect a leader", func() bool {
		for _, n := range c.nodes {
			if ns := n.running(); ns != nil && len(ns.JetStreamClusterPeers()) == clusterNodes {
				return true
			}
		}
		return false
	})
	b := c.Bus(t, 0)
	var err error
	c.await(t, "the streams are made", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), clusterPatience)
		defer cancel()
		err = topology.Ensure(ctx, b.JetStream(), topology.Options{Replicas: clusterNodes})
		return err == nil
	})
}

// URL is where clients reach a node, at all times.
func (c *Cluster) URL(node int) string {
	n := c.nodes[node]
	n.mu.Lock()
	defer n.mu.Unlock()
	return fmt.Sprintf("nats://127.0.0.1:%d", n.port)
}

// Connect connects to the first of nodes that can be reached, and when it goes
// away to the next that can, until the test ends; never to one not named.
func (c *Cluster) Connect(t testing.TB, nodes ...int) *nats.Conn {
	t.Helper()
	var urls []string
	for _, node := range nodes {
		urls = append(urls, c.URL(node))
	}
	nc, err := nats.Connect(strings.Join(urls, ","), nats.DontRandomize(), nats.IgnoreDiscoveredServers(),
		nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond), nats.ReconnectJitter(0, 0))
	require.NoError(t, err)
	t.Cleanup(nc.Close)
	return nc
}

// Bus returns a bus on a connection to nodes, as Connect makes it.
func (c *Cluster) Bus(t testing.TB, nodes ...int) *bus.Bus {
	t.Helper()
	b, err := bus.New(c.Connect(t, nodes...), bus.Options{Barrier: bus.Replicated{}})
	require.NoError(t, err)
	return b
}

// Stop ends a node as a crash does, for all that the others can see: what it was
// saying is cut off in the middle, it hands over nothing that it leads, and the
// others have to miss it. What it stored stays. An in-process server cannot be
// killed: it closes its files, and what a kill leaves of them is not tried here.
func (c *Cluster) Stop(t testing.TB, node int) {
	t.Helper()
	c.CutOff(t, node)
	c.nodes[node].stop()
}

// Start runs a stopped node again, at the same address and on the same store,
// and returns when it takes connections; see AwaitHealthy.
func (c *Cluster) Start(t testing.TB, node int) {
	t.Helper()
	require.Nil(t, c.nodes[node].running(), "node %d was not stopped", node)
	c.mend(node)
	c.launch(t, node)
}

// CutOff parts a node from the other two: its clients reach it, and it reaches
// nobody. It goes on believing that it leads what it led until it has missed the
// others for some 10 s.
func (c *Cluster) CutOff(t testing.TB, node int) {
	t.Helper()
	require.NotNil(t, c.nodes[node].running(), "node %d is stopped", node)
	c.setLinks(node, true)
}

// LetIn ends CutOff.
func (c *Cluster) LetIn(t testing.TB, node int) {
	t.Helper()
	require.NotNil(t, c.nodes[node].running(), "node %d is stopped", node)
	c.mend(node)
}

func (c *Cluster) mend(node int) { c.setLinks(node, false) }

func (c *Cluster) setLinks(node int, cut bool) {
	n := c.nodes[node]
	n.mu.Lock()
	n.away = cut
	n.mu.Unlock()
	c.eachLink(func(from, to int) {
		if from == node || to == node {
			c.nodes[from].links[to].set(cut)
		}
	})
}

// Leader is the node that leads a stream, among those that are neither stopped
// nor cut off; it waits until there is one.
func (c *Cluster) Leader(t testing.TB, stream string) int {
	t.Helper()
	return c.theOne(t, "leads "+stream, func(ns *server.Server) bool {
		return ns.JetStreamIsStreamLeader(server.DEFAULT_GLOBAL_ACCOUNT, stream)
	})
}

// ConsumerLeader is Leader for a durable consumer.
func (c *Cluster) ConsumerLeader(t testing.TB, stream, durable string) int {
	t.Helper()
	return c.theOne(t, "leads consumer "+durable, func(ns *server.Server) bool {
		return ns.JetStreamIsConsumerLeader(server.DEFAULT_GLOBAL_ACCOUNT, stream, durable)
	})
}

// theOne waits until exactly one node in reach is what is asked for.
func (c *Cluster) theOne(t testing.TB, what string, is func(*server.Server) bool) int {
	t.Helper()
	found := -1
	c.await(t, "one node "+what, func() bool {
		found = -1
		for i, n := range c.nodes {
			ns := n.inReach()
			if ns == nil || !is(ns) {
				continue
			}
			if found >= 0 {
				return false // the old one has not heard of the new one
			}
			found = i
		}
		return found >= 0
	})
	return found
}

// Others are the nodes that are not this one.
func (c *Cluster) Others(node int) []int {
	var others []int
	for i := range c.nodes {
		if i != node {
			others = append(others, i)
		}
	}
	return others
}

// AwaitHealthy returns when all three nodes run, every stream and consumer has a
// leader, and every replica of every stream holds all that its leader held when
// it was asked. Publishing may go on meanwhile.
func (c *Cluster) AwaitHealthy(t testing.TB) {
	t.Helper()
	for i, n := range c.nodes {
		require.NotNil(t, n.inReach(), "node %d is stopped or cut off", i)
	}
	for _, s := range topology.Streams() {
		c.awaitReplicas(t, s.Name)
	}
	for _, d := range topology.Consumers() {
		c.ConsumerLeader(t, d.Stream, d.Durable)
	}
}

// awaitReplicas compares what the replicas hold. The servers' own word for it is
// not enough: a node that is just back counts itself current until it hears that
// there is more.
func (c *Cluster) awaitReplicas(t testing.TB, stream string) {
	t.Helper()
	var last uint64
	c.await(t, "the leader of "+stream+" says what it holds", func() bool {
		var ok bool
		last, ok = c.nodes[c.Leader(t, stream)].holds(stream)
		return ok
	})
	c.await(t, "all replicas of "+stream+" have what is stored", func() bool {
		for _, n := range c.nodes {
			if has, ok := n.holds(stream); !ok || has < last {
				return false
			}
		}
		return true
	})
}

// holds is the last sequence in the node's own replica of a stream.
func (n *clusterNode) holds(stream string) (uint64, bool) {
	ns := n.inReach()
	if ns == nil || !ns.JetStreamIsStreamCurrent(server.DEFAULT_GLOBAL_ACCOUNT, stream) {
		return 0, false
	}
	info, err := ns.Jsz(&server.JSzOptions{Account: server.DEFAULT_GLOBAL_ACCOUNT, Streams: true})
	if err != nil || len(info.AccountDetails) == 0 {
		return 0, false
	}
	for _, s := range info.AccountDetails[0].Streams {
		if s.Name == stream {
			return s.State.LastSeq, true
		}
	}
	return 0, false
}

func (c *Cluster) await(t testing.TB, what string, ok func() bool) {
	t.Helper()
	require.Eventually(t, ok, clusterPatience, clusterLook, what)
}

func (n *clusterNode) set(ns *server.Server) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ns = ns
}

// keepPort makes the address that the server was given the node's own.
func (n *clusterNode) keepPort(ns *server.Server) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if at, ok := ns.Addr().(*net.TCPAddr); ok {
		n.port = at.Port
	}
}

// running is the node's server; nil while it is stopped.
func (n *clusterNode) running() *server.Server {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.ns
}

// inReach is the node's server; nil while it is stopped or cut off.
func (n *clusterNode) inReach() *server.Server {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.away {
		return nil
	}
	return n.ns
}

// routeAddr is where the node takes the others' connections; empty while it does
// not, which nobody can dial.
func (n *clusterNode) routeAddr() string {
	ns := n.running()
	if ns == nil || ns.ClusterAddr() == nil {
		return ""
	}
	return ns.ClusterAddr().String()
}

func (n *clusterNode) stop() {
	ns := n.running()
	if ns == nil {
		return
	}
	ns.Shutdown()
	ns.WaitForShutdown()
	n.set(nil)
}

// shutdown ends all nodes at once: one by one, the rest would elect new leaders.
func (c *Cluster) shutdown() {
	var all sync.WaitGroup
	for _, n := range c.nodes {
		all.Go(n.stop)
	}
	all.Wait()
}
