package sixeye_test

import (
	"testing"

	"github.com/roster-dev/roster/internal/dialect/dialecttest"
	"github.com/roster-dev/roster/internal/dialect/sixeye"
)

func TestGolden(t *testing.T) { dialecttest.Run(t, sixeye.New()) }

func FuzzParams(f *testing.F) { dialecttest.Fuzz(f, sixeye.New()) }
