//go:build unix

package pgtest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Cut is when a connection is lost that COMMIT is sent on.
type Cut int

const (
	// NoCut is never.
	NoCut Cut = iota
	// CutBefore is before COMMIT arrives at the server: the transaction is not committed.
	CutBefore
	// CutAfter is when COMMIT is sent. The server has it, or will, or won't.
	CutAfter
	// CutAnswer is when the server has answered: the transaction is committed, unless the server says otherwise.
	CutAnswer
)

// Faults are what goes wrong on the way. Its functions are called by many goroutines at the same time; nil is no fault.
type Faults struct {
	// Commit is asked of each COMMIT.
	Commit func() Cut
	// Row is asked of each row of an answer whether the connection is lost in the middle of it.
	Row func() bool
	// Apart keeps new connections from being made.
	Apart bool
}

// Proxy stands between clients and a server, reads what they say to each other, and loses connections. It is safe for
// concurrent use.
type Proxy struct {
	// URL leads to the database through the proxy, without TLS.
	URL string

	network, server string
	listener        net.Listener
	faults          atomic.Pointer[Faults]
	cuts            atomic.Int64
	links           sync.WaitGroup

	mu     sync.Mutex
	open   map[net.Conn]struct{} // guarded by mu
	closed bool                  // guarded by mu
}

// NewProxy puts a proxy without faults before the server of a URL, until the test ends.
func NewProxy(tb testing.TB, dsn string) *Proxy {
	tb.Helper()
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		tb.Fatal("the URL of the server can't be read")
	}
	p := &Proxy{open: map[net.Conn]struct{}{}}
	p.network, p.server = pgconn.NetworkAddress(config.Host, config.Port)
	p.faults.Store(&Faults{})
	var listening net.ListenConfig
	if p.listener, err = listening.Listen(tb.Context(), "tcp", "127.0.0.1:0"); err != nil {
		tb.Fatal(err)
	}
	u, err := url.Parse(With(tb, dsn, "sslmode", "disable"))
	if err != nil {
		tb.Fatal(err)
	}
	u.Host = p.listener.Addr().String()
	p.URL = u.String()
	p.links.Go(p.accept)
	tb.Cleanup(p.close)
	return p
}

// Set changes the faults, of connections that are there, too.
func (p *Proxy) Set(f Faults) { p.faults.Store(&f) }

// Cuts returns how many connections were lost in the middle of something, without those of CutAll.
func (p *Proxy) Cuts() int { return int(p.cuts.Load()) }

// CutAll loses all connections that are there.
func (p *Proxy) CutAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.open {
		_ = conn.Close()
	}
}

func (p *Proxy) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	_ = p.listener.Close()
	p.CutAll()
	p.links.Wait()
}

// accept links each connection with one to the server.
func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.links.Go(func() { p.link(client) })
	}
}

func (p *Proxy) link(client net.Conn) {
	if !p.keep(client) {
		return
	}
	defer p.drop(client)
	if p.faults.Load().Apart {
		return
	}
	var dialer net.Dialer
	server, err := dialer.DialContext(context.Background(), p.network, p.server)
	if err != nil || !p.keep(server) {
		return
	}
	defer p.drop(server)
	l := &link{proxy: p, client: client, server: server, commits: map[string]bool{}}
	var back sync.WaitGroup
	back.Go(func() { l.lose(l.backward()) })
	l.lose(l.forward())
	back.Wait()
}

// keep has a connection closed with the proxy, and reports whether that is still open.
func (p *Proxy) keep(conn net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		_ = conn.Close()
		return false
	}
	p.open[conn] = struct{}{}
	return true
}

func (p *Proxy) drop(conn net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, conn)
	_ = conn.Close()
}

// link is a connection from a client to the server.
type link struct {
	proxy          *Proxy
	client, server net.Conn
	commits        map[string]bool // the names of prepared statements that are COMMIT
	// answering is set when the answer to COMMIT is to be lost.
	answering atomic.Bool
}

// errCut is why a connection ends that was cut.
var errCut = errors.New("cut")

// lose ends both connections, and counts where that is a fault.
func (l *link) lose(err error) {
	if errors.Is(err, errCut) {
		l.proxy.cuts.Add(1)
	}
	_ = l.client.Close()
	_ = l.server.Close()
}

// message is a message of the protocol: its type, which the first one of a client does not have, its length and body.
type message struct {
	head []byte
	body []byte
}

// readMessage reads a message whose head has so many bytes.
func readMessage(r io.Reader, head int) (m message, err error) {
	m.head = make([]byte, head)
	if _, err := io.ReadFull(r, m.head); err != nil {
		return m, err
	}
	m.body = make([]byte, binary.BigEndian.Uint32(m.head[head-4:])-4)
	_, err = io.ReadFull(r, m.body)
	return m, err
}

func (m message) writeTo(w io.Writer) error {
	if _, err := w.Write(m.head); err != nil {
		return err
	}
	_, err := w.Write(m.body)
	return err
}

// The lengths of the heads of messages.
const (
	startHead = 4
	usualHead = 5
)

// forward hands on what the client says, until one of them is gone.
func (l *link) forward() error {
	from, to := bufio.NewReaderSize(l.client, 1<<16), bufio.NewWriterSize(l.server, 1<<16)
	for head := startHead; ; head = usualHead {
		m, err := readMessage(from, head)
		if err != nil {
			return err
		}
		cut := NoCut
		if head == usualHead && l.isCommit(m) && l.proxy.faults.Load().Commit != nil {
			cut = l.proxy.faults.Load().Commit()
		}
		if cut == CutBefore {
			return errors.Join(errCut, to.Flush())
		}
		l.answering.Store(l.answering.Load() || cut == CutAnswer)
		if err := m.writeTo(to); err != nil {
			return err
		}
		if cut == CutAfter {
			return errors.Join(errCut, finish(m, from, to))
		}
		if from.Buffered() == 0 {
			if err := to.Flush(); err != nil {
				return err
			}
		}
	}
}

// finish hands on what belongs to a message that is there: what is bound is also executed.
func finish(m message, from io.Reader, to *bufio.Writer) error {
	const query, syncs = 'Q', 'S'
	for m.head[0] != query && m.head[0] != syncs {
		var err error
		if m, err = readMessage(from, usualHead); err != nil {
			return err
		}
		if err = m.writeTo(to); err != nil {
			return err
		}
	}
	return to.Flush()
}

// isCommit reports whether a message commits, and remembers the statements that do.
func (l *link) isCommit(m message) bool {
	const parse, bind, query = 'P', 'B', 'Q'
	texts := bytes.SplitN(m.body, []byte{0}, 3)
	isText := func(b []byte) bool { return bytes.EqualFold(b, []byte("COMMIT")) }
	switch {
	case m.head[0] == parse && len(texts) > 1:
		l.commits[string(texts[0])] = isText(texts[1])
		return false
	case m.head[0] == bind && len(texts) > 1:
		return l.commits[string(texts[1])]
	default:
		return m.head[0] == query && isText(texts[0])
	}
}

// backward hands on what the server says, until one of them is gone.
func (l *link) backward() error {
	from, to := bufio.NewReaderSize(l.server, 1<<16), bufio.NewWriterSize(l.client, 1<<16)
	for {
		m, err := readMessage(from, usualHead)
		if err != nil {
			return err
		}
		if l.isLost(m) {
			return errors.Join(errCut, message{m.head, m.body[:len(m.body)/2]}.writeTo(to), to.Flush())
		}
		if l.answering.Load() && m.isEnd() {
			return errCut
		}
		if err := m.writeTo(to); err != nil {
			return err
		}
		if from.Buffered() == 0 {
			if err := to.Flush(); err != nil {
				return err
			}
		}
	}
}

// isLost reports whether a message is a row in the middle of which the connection is lost.
func (l *link) isLost(m message) bool {
	const row = 'D'
	ask := l.proxy.faults.Load().Row
	return m.head[0] == row && ask != nil && ask()
}

// isEnd reports whether a message says what became of COMMIT.
func (m message) isEnd() bool {
	const complete, failed = 'C', 'E'
	return m.head[0] == failed || m.head[0] == complete &&
		(bytes.Equal(m.body, []byte("COMMIT\x00")) || bytes.Equal(m.body, []byte("ROLLBACK\x00")))
}
