package d3lay_test

import (
	"testing"

	"github.com/roster-dev/roster/internal/dialect/d3lay"
	"github.com/roster-dev/roster/internal/dialect/dialecttest"
)

func TestGolden(t *testing.T) { dialecttest.Run(t, d3lay.New()) }

func FuzzParams(f *testing.F) { dialecttest.Fuzz(f, d3lay.New()) }
