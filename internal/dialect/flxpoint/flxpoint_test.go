package flxpoint_test

import (
	"testing"

	"github.com/roster-dev/roster/internal/dialect/dialecttest"
	"github.com/roster-dev/roster/internal/dialect/flxpoint"
)

func TestGolden(t *testing.T) { dialecttest.Run(t, flxpoint.New()) }

func FuzzParams(f *testing.F) { dialecttest.Fuzz(f, flxpoint.New()) }
