package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/roster-dev/roster"
)

// conn is a keep-alive connection to an HTTP/1.1 server on this machine. It does as little as an honest client can, so
// that the client is not what is measured. Not for concurrent use.
type conn struct {
	net.Conn

	in *bufio.Reader
}

// response is what a measure looks at. Body is filled only where it was asked for.
type response struct {
	Status int
	Length int // of the body, in bytes
	ETag   string
	Total  int // X-Total-Count, -1 without
	Body   []byte
}

// dial connects to addr, a loopback address with a port. Everything on the connection must be done by the deadline.
func dial(ctx context.Context, addr string, deadline time.Time) (*conn, error) {
	at, err := netip.ParseAddrPort(addr)
	if err != nil || !at.Addr().IsLoopback() {
		return nil, roster.Errorf(roster.Invalid, "%s is not an address of this machine such as 127.0.0.1:8090", addr)
	}
	var dialer net.Dialer
	c, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	if err := c.SetDeadline(deadline); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return &conn{c, bufio.NewReaderSize(c, 64<<10)}, nil
}

// do sends a request and reads all of the response.
func (c *conn) do(request []byte, keepBody bool) (response, error) {
	if _, err := c.Write(request); err != nil {
		return response{}, fmt.Errorf("send a request: %w", err)
	}
	r, err := c.read(keepBody)
	if err != nil {
		return r, fmt.Errorf("read a response: %w", err)
	}
	return r, nil
}

func (c *conn) read(keepBody bool) (response, error) {
	r := response{Total: -1}
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return r, err
	}
	const statusEnd = len("HTTP/1.1 200")
	if len(line) < statusEnd || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return r, fmt.Errorf("%q is not a status line", line)
	}
	if r.Status, err = strconv.Atoi(string(line[statusEnd-3 : statusEnd])); err != nil {
		return r, err
	}
	chunked, err := c.readHeader(&r)
	if err != nil {
		return r, err
	}
	body := &sink{keep: keepBody, Reader: c.in}
	if chunked {
		err = body.readChunks()
	} else {
		err = body.read(r.Length)
	}
	r.Length, r.Body = body.length, body.kept
	return r, err
}

// readHeader reads up to the empty line that ends the header.
func (c *conn) readHeader(r *response) (chunked bool, err error) {
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return chunked, err
		}
		name, value, ok := bytes.Cut(trimmed(line), []byte(":"))
		if !ok {
			return chunked, nil
		}
		value = trimmed(value)
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			r.Length, err = strconv.Atoi(string(value))
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			chunked = true
		case bytes.EqualFold(name, []byte("ETag")):
			r.ETag = string(value)
		case bytes.EqualFold(name, []byte("X-Total-Count")):
			r.Total, err = strconv.Atoi(string(value))
		}
		if err != nil {
			return chunked, err
		}
	}
}

func trimmed(b []byte) []byte { return bytes.TrimSpace(b) }

// sink reads a body, which it keeps or forgets.
type sink struct {
	*bufio.Reader

	keep   bool
	length int
	kept   []byte
}

func (s *sink) read(n int) error {
	s.length += n
	if !s.keep {
		_, err := s.Discard(n)
		return err
	}
	at := len(s.kept)
	s.kept = append(s.kept, make([]byte, n)...)
	_, err := io.ReadFull(s.Reader, s.kept[at:])
	return err
}

func (s *sink) readChunks() error {
	for {
		line, err := s.ReadSlice('\n')
		if err != nil {
			return err
		}
		size, err := strconv.ParseUint(string(trimmed(line)), 16, 31)
		if err != nil {
			return err
		}
		if err := s.read(int(size)); err != nil {
			return err
		}
		if _, err := s.Discard(len("\r\n")); err != nil {
			return err
		}
		if size == 0 {
			return nil
		}
	}
}

// ask sends one request over a connection of its own and returns the response with its body.
func (r *runner) ask(ctx context.Context, addr string, request []byte) (response, error) {
	c, err := dial(ctx, addr, r.Now().Add(grace))
	if err != nil {
		return response{}, err
	}
	defer func() { _ = c.Close() }()
	return c.do(request, true)
}
