package postgres

import "testing"

// What the pools say is what is used.
func TestPools(t *testing.T) {
	t.Parallel()
	s := openNew(t, options{})
	conn, err := s.writers.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	pools := s.Pools()
	if write := pools[0]; write.Name != "write" || write.Most != writersUsual || write.Used != 1 {
		t.Errorf("with one connection in use: %+v", write)
	}
	for _, p := range pools[1:] {
		if p.Name == "" || p.Most < 1 || p.Used > p.Most {
			t.Errorf("another pool: %+v", p)
		}
	}
}
