package fipto_test

import (
	"testing"

	"github.com/roster-dev/roster/internal/dialect/dialecttest"
	"github.com/roster-dev/roster/internal/dialect/fipto"
)

func TestGolden(t *testing.T) { dialecttest.Run(t, fipto.New()) }

func FuzzParams(f *testing.F) { dialecttest.Fuzz(f, fipto.New()) }
