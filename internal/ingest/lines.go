package ingest

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// lineReader cuts an input into lines of at most MaxRecord bytes, without a byte order mark at the beginning.
type lineReader struct {
	in *bufio.Reader
	// number is the number of the line that was read last, from 1.
	number int
	buf    []byte
}

func newLineReader(r io.Reader) *lineReader {
	const buffer = 64 << 10
	return &lineReader{in: bufio.NewReaderSize(withoutMark(r), buffer)}
}

// withoutMark returns r without the UTF-8 byte order mark that it may begin with.
func withoutMark(r io.Reader) io.Reader {
	mark := []byte("\uFEFF")
	begin := make([]byte, len(mark))
	n, err := io.ReadFull(r, begin)
	begin = begin[:n]
	if bytes.Equal(begin, mark) {
		begin = nil
	}
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return io.MultiReader(bytes.NewReader(begin), failing{err})
	}
	return io.MultiReader(bytes.NewReader(begin), r)
}

// failing is a reader that has failed.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// next returns the next line without its end, or io.EOF after the last one. The line is valid until the next call. It
// is long where it has more than MaxRecord bytes; then they are read but not returned.
func (l *lineReader) next() (line []byte, long bool, err error) {
	l.number++
	l.buf = l.buf[:0]
	for {
		part, err := l.in.ReadSlice('\n')
		if !long {
			l.buf = append(l.buf, part...)
		}
		long = long || len(bytes.TrimRight(l.buf, "\r\n")) > MaxRecord
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if errors.Is(err, io.EOF) && (len(l.buf) > 0 || long) {
			err = nil // the last line need not end
		}
		if long {
			return nil, true, err
		}
		return bytes.TrimRight(l.buf, "\r\n"), false, err
	}
}
