package otel_test

import (
	"strings"
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/otel"
)

func TestEndpoint(t *testing.T) {
	t.Parallel()
	const base, own = "OTEL_EXPORTER_OTLP_ENDPOINT=", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="
	for _, tt := range []struct{ given, env, want string }{
		{"", "", ""},
		{"http://localhost:4318", "", "http://localhost:4318/v1/traces"},
		{"https://collector.example/here", "", "https://collector.example/here"},
		{"http://one:1", base + "http://two:2", "http://one:1/v1/traces"},
		{"http://one:1", "OTEL_SDK_DISABLED=true", "http://one:1/v1/traces"},
		{"", base + "http://two:2", "http://two:2/v1/traces"},
		{"", base + "http://two:2/at/", "http://two:2/at/v1/traces"},
		{"", base + "http://two:2 " + own + "http://three:3/x", "http://three:3/x"},
		{"", base + "http://two:2 OTEL_SDK_DISABLED=true", ""},
		{"", base + "http://two:2 OTEL_TRACES_EXPORTER=none", ""},
	} {
		if got, err := otel.Endpoint(tt.given, environment(tt.env)); err != nil || got != tt.want {
			t.Errorf("--trace %q with %s: got %q, %v, want %q", tt.given, tt.env, got, err, tt.want)
		}
	}
}

func TestEndpointInvalid(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ given, env, want string }{
		{"localhost:4318", "", `--trace: must be a URL such as http://localhost:4318, not "localhost:4318"`},
		{"ftp://localhost", "", `--trace: must be a URL`},
		{"", "OTEL_EXPORTER_OTLP_ENDPOINT=nowhere", "OTEL_EXPORTER_OTLP_ENDPOINT: must be a URL"},
		{"http://localhost", "OTEL_EXPORTER_OTLP_PROTOCOL=grpc", `OTEL_EXPORTER_OTLP_PROTOCOL: must be http/protobuf, not "grpc"`},
	} {
		_, err := otel.Endpoint(tt.given, environment(tt.env))
		if roster.CodeOf(err) != roster.Invalid || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("--trace %q with %s: got %v, want %s", tt.given, tt.env, err, tt.want)
		}
	}
}

// environment returns the variables of a line.
func environment(line string) func(string) string {
	variables := map[string]string{}
	for pair := range strings.FieldsSeq(line) {
		name, value, _ := strings.Cut(pair, "=")
		variables[name] = value
	}
	return func(name string) string { return variables[name] }
}
