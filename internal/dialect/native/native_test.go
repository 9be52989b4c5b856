package native_test

import (
	"testing"

	"github.com/roster-dev/roster/internal/dialect/dialecttest"
	"github.com/roster-dev/roster/internal/dialect/native"
)

func TestGolden(t *testing.T) { dialecttest.Run(t, native.New()) }

func FuzzParams(f *testing.F) { dialecttest.Fuzz(f, native.New()) }
