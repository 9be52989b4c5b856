package server_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/server"
)

// paced is a server in a bubble of fake time, with endpoints for long bodies, and a connection to it.
type paced struct {
	*testing.T

	conn net.Conn
	// noise is what GET /toy/noise answers, and ended when and how the last long body has ended.
	noise []byte
	ended chan bodyEnd
}

type bodyEnd struct {
	at    time.Time
	bytes int
	err   error
}

// pace runs fn with a server whose endpoints read and write long bodies.
func pace(t *testing.T, fn func(p *paced)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := &paced{T: t, noise: make([]byte, 4<<20), ended: make(chan bodyEnd, 1)}
		rand.NewChaCha8([32]byte{}).Read(p.noise)
		s, l := newStand(t, nil, p.dialect()), newPipes()
		ctx, stop := context.WithCancel(t.Context())
		ran := make(chan error, 1)
		go func() { ran <- s.Run(ctx, server.Listener{Listener: l, Handler: s.Handler()}) }()
		conn, err := l.dial(t)
		if err != nil {
			t.Fatal(err)
		}
		p.conn = conn
		fn(p)
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
		stop()
		if err := <-ran; err != nil {
			t.Error(err)
		}
	})
}

func (p *paced) dialect() *dialect.Dialect {
	d := toy()
	const most = 1 << 20
	d.Endpoints = append(d.Endpoints,
		dialect.Endpoint{
			Method: http.MethodGet, Path: "/noise", ID: "noise", Public: true,
			Serve: func(context.Context, *dialect.Request) (dialect.Response, error) {
				return dialect.Response{ContentType: "application/octet-stream", Body: func(w io.Writer) error {
					n, err := w.Write(p.noise)
					p.ended <- bodyEnd{time.Now(), n, err}
					return err
				}}, nil
			},
		},
		dialect.Endpoint{
			Method: http.MethodPost, Path: "/stream", ID: "stream", Public: true,
			Body: &dialect.RequestBody{Stream: true, Limit: most},
			Serve: func(_ context.Context, r *dialect.Request) (dialect.Response, error) {
				n, err := io.Copy(io.Discard, r.Stream)
				p.ended <- bodyEnd{time.Now(), int(n), err}
				return dialect.Response{Body: dialect.Text("got it")}, err
			},
		},
		dialect.Endpoint{
			Method: http.MethodPost, Path: "/whole", ID: "whole", Public: true,
			Body: &dialect.RequestBody{Limit: most},
			Serve: func(_ context.Context, r *dialect.Request) (dialect.Response, error) {
				p.ended <- bodyEnd{time.Now(), len(r.Body), nil}
				return dialect.Response{Body: dialect.Text("got it")}, nil
			},
		})
	return d
}

// A client that takes a little now and then gets a long answer in full, whatever it is encoded as.
func TestSlowReaders(t *testing.T) {
	for _, encoding := range []string{"", "gzip"} {
		t.Run("encoding "+encoding, func(t *testing.T) {
			pace(t, func(p *paced) {
				start := time.Now()
				fmt.Fprintf(p.conn, "GET /toy/noise HTTP/1.1\r\nHost: x\r\nAccept-Encoding: %s\r\n\r\n", encoding)
				// Enough for each piece to be taken in time, and too little for the whole to be taken in ten minutes.
				slow := &slowReader{p.conn, 128 << 10, 25 * time.Second}
				response, err := http.ReadResponse(bufio.NewReader(slow), nil)
				if err != nil {
					p.Fatal(err)
				}
				n, err := io.Copy(io.Discard, response.Body)
				if err := response.Body.Close(); err != nil {
					p.Error(err)
				}
				if took := time.Since(start); err != nil || n < int64(len(p.noise)) || took < 12*time.Minute {
					p.Errorf("got %d bytes in %s: %v", n, took, err)
				}
				if end := <-p.ended; end.err != nil {
					p.Error(end.err)
				}
			})
		})
	}
}

// slowReader waits each time that it has read so many bytes.
type slowReader struct {
	in    io.Reader
	bytes int
	wait  time.Duration
}

func (r *slowReader) Read(p []byte) (int, error) {
	const most = 4 << 10
	n, err := r.in.Read(p[:min(len(p), most)])
	if r.bytes -= n; r.bytes < 0 {
		time.Sleep(r.wait)
		r.bytes += 128 << 10
	}
	return n, err
}

// A client that takes nothing any more is dropped soon.
func TestReadersWhoAreGone(t *testing.T) {
	for _, encoding := range []string{"", "gzip"} {
		t.Run("encoding "+encoding, func(t *testing.T) {
			pace(t, func(p *paced) {
				fmt.Fprintf(p.conn, "GET /toy/noise HTTP/1.1\r\nHost: x\r\nAccept-Encoding: %s\r\n\r\n", encoding)
				if _, err := io.ReadFull(p.conn, make([]byte, 1000)); err != nil {
					p.Fatal(err)
				}
				start := time.Now()
				end := <-p.ended
				if took := end.at.Sub(start); end.err == nil || took > 30*time.Second {
					p.Errorf("%v after %s", end.err, took)
				}
			})
		})
	}
}

// A client that sends a little now and then is heard to the end.
func TestSlowWriters(t *testing.T) {
	for _, path := range []string{"/toy/stream", "/toy/whole"} {
		t.Run(path, func(t *testing.T) {
			pace(t, func(p *paced) {
				const pieces = 100
				piece := bytes.Repeat([]byte("x"), 1000)
				start := time.Now()
				fmt.Fprintf(p.conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", path, pieces*len(piece))
				for range pieces {
					time.Sleep(20 * time.Second)
					if _, err := p.conn.Write(piece); err != nil {
						p.Fatalf("after %s: %v", time.Since(start), err)
					}
				}
				response, err := http.ReadResponse(bufio.NewReader(p.conn), nil)
				if err != nil {
					p.Fatal(err)
				}
				if err := response.Body.Close(); err != nil || response.StatusCode != http.StatusOK {
					p.Errorf("status %d, %v", response.StatusCode, err)
				}
				if end := <-p.ended; end.err != nil || end.bytes != pieces*len(piece) {
					p.Errorf("the endpoint got %d bytes: %v", end.bytes, end.err)
				}
			})
		})
	}
}

// A client that sends nothing any more is hung up on soon.
func TestWritersWhoAreGone(t *testing.T) {
	for _, path := range []string{"/toy/stream", "/toy/whole"} {
		t.Run(path, func(t *testing.T) {
			pace(t, func(p *paced) {
				fmt.Fprintf(p.conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nabc", path)
				start := time.Now()
				if _, err := io.ReadAll(p.conn); err != nil {
					p.Error(err)
				}
				if took := time.Since(start); took < 20*time.Second || took > time.Minute {
					p.Errorf("hung up after %s", took)
				}
			})
		})
	}
}
