package demo

import "testing"

// The primes of seed 1 are those that a search from the beginning finds.
func TestFirstSteps(t *testing.T) {
	t.Parallel()
	var found primeSteps
	for i := range found {
		random := keyStream(1, uint64(i))
		for n := range found[i] {
			found[i][n] = primeStep(primeStart(random), 0)
		}
	}
	if got := firstSteps(); got != found {
		t.Errorf("got %v, want %v", got, found)
	}
}
