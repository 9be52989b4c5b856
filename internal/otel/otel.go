// Package otel records spans with the SDK of OpenTelemetry and sends them by OTLP over HTTP. It is the only package
// that knows OpenTelemetry; everything else knows [trace.Tracer].
package otel

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	api "go.opentelemetry.io/otel/trace"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/trace"
)

// Endpoint returns where traces go, "" for nowhere: to given, or to where the variables of OpenTelemetry say. It fails
// with [roster.Invalid] for what can't be done.
func Endpoint(given string, getenv func(string) string) (string, error) {
	if given == "" && (getenv("OTEL_SDK_DISABLED") == "true" || getenv("OTEL_TRACES_EXPORTER") == "none") {
		return "", nil
	}
	own, base := getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"), getenv("OTEL_EXPORTER_OTLP_ENDPOINT")
	name, at := "--trace", given
	switch {
	case given != "":
	case own != "":
		name, at = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", own
	case base != "":
		name, at = "OTEL_EXPORTER_OTLP_ENDPOINT", strings.TrimSuffix(base, "/")+tracesPath
	default:
		return "", nil
	}
	for _, variable := range []string{"OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"} {
		if got := getenv(variable); got != "" && got != "http/protobuf" {
			return "", roster.FieldErrorf(variable, "must be http/protobuf, not %q", got)
		}
	}
	u, err := url.Parse(at)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", roster.FieldErrorf(name, "must be a URL such as http://localhost:4318, not %q", at)
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = tracesPath
	}
	return u.String(), nil
}

// tracesPath is where a collector takes traces.
const tracesPath = "/v1/traces"

// Tracer is a [trace.Tracer] over the SDK.
type Tracer struct {
	provider   *sdk.TracerProvider
	tracer     api.Tracer
	propagator propagation.TraceContext
	made       made
}

var _ trace.Tracer = (*Tracer)(nil)

// New returns a tracer that sends spans to an [Endpoint], now and then and in batches; those that there is no room for
// are dropped. Sampling, headers, timeouts, batches and attributes of the resource are as the variables of
// OpenTelemetry say. Whoever is done with it closes it.
func New(ctx context.Context, endpoint, version string, log *slog.Logger) (*Tracer, error) {
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(endpoint))
	if err != nil {
		return nil, fmt.Errorf("trace to %s: %w", endpoint, err)
	}
	what, err := resource.New(ctx,
		resource.WithAttributes(
			attribute.String("service.name", "roster"), attribute.String("service.version", version)),
		resource.WithHost(), resource.WithTelemetrySDK(), resource.WithFromEnv(),
	)
	if err != nil {
		return nil, fmt.Errorf("read the variables of OpenTelemetry: %w", err)
	}
	batches := sdk.WithBatcher(&logged{SpanExporter: exporter, log: log})
	provider := sdk.NewTracerProvider(sdk.WithResource(what), batches)
	return &Tracer{provider: provider, tracer: provider.Tracer("github.com/roster-dev/roster")}, nil
}

// Close sends what is left, for a few seconds at most.
func (t *Tracer) Close(ctx context.Context) error {
	const most = 5 * time.Second
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), most)
	defer cancel()
	return t.provider.Shutdown(ctx)
}

// logged is an exporter whose failures are told to a log, the first one after each success, and to nobody else.
type logged struct {
	sdk.SpanExporter
	log     *slog.Logger
	failing bool // used by one goroutine at a time, as exporters are
}

// ExportSpans implements [sdk.SpanExporter].
func (l *logged) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	err := l.SpanExporter.ExportSpans(ctx, spans)
	if err != nil && !l.failing {
		l.log.WarnContext(ctx, "traces were not sent", "spans", len(spans), "error", err)
	}
	l.failing = err != nil
	return nil
}

// Begin implements [trace.Tracer].
func (t *Tracer) Begin(ctx context.Context, name string) (context.Context, trace.Recorder) {
	ctx, span := t.tracer.Start(ctx, name)
	return ctx, recorder{span}
}

// Receive implements [trace.Tracer].
func (t *Tracer) Receive(ctx context.Context, name string, from trace.Header) (context.Context, trace.Recorder) {
	ctx, span := t.tracer.Start(t.propagator.Extract(ctx, carrier{from}), name, api.WithSpanKind(api.SpanKindServer))
	return ctx, recorder{span}
}

// Send implements [trace.Tracer].
func (t *Tracer) Send(ctx context.Context, name string, to trace.Header) (context.Context, trace.Recorder) {
	ctx, span := t.tracer.Start(ctx, name, api.WithSpanKind(api.SpanKindClient))
	t.propagator.Inject(ctx, carrier{to})
	return ctx, recorder{span}
}

// Remember implements [trace.Tracer].
func (t *Tracer) Remember(ctx context.Context, org roster.ID, version roster.Version) {
	if within := api.SpanContextFromContext(ctx); within.IsValid() {
		t.made.put(change{org, version}, within)
	}
}

// After implements [trace.Tracer].
func (t *Tracer) After(ctx context.Context, org roster.ID, version roster.Version) context.Context {
	within, known := t.made.get(change{org, version})
	if !known {
		return ctx
	}
	return api.ContextWithRemoteSpanContext(ctx, within)
}

// carrier reads and writes headers.
type carrier struct{ trace.Header }

// Keys implements [propagation.TextMapCarrier]; nothing asks for it.
func (carrier) Keys() []string { return nil }

// recorder is a span of the SDK.
type recorder struct{ span api.Span }

// Name implements [trace.Recorder].
func (r recorder) Name(name string) { r.span.SetName(name) }

// Text implements [trace.Recorder].
func (r recorder) Text(key, value string) { r.span.SetAttributes(attribute.String(key, value)) }

// Int implements [trace.Recorder].
func (r recorder) Int(key string, value int64) { r.span.SetAttributes(attribute.Int64(key, value)) }

// TraceID implements [trace.Recorder].
func (r recorder) TraceID() string { return r.span.SpanContext().TraceID().String() }

// End implements [trace.Recorder]. What an error says may name people: only its code is told, and only what is our
// fault makes the span a failure.
func (r recorder) End(err error) {
	if err != nil {
		code := roster.CodeOf(err)
		r.span.SetAttributes(attribute.String("error.type", string(code)))
		if (code == roster.Internal || code == roster.Unavailable) && !errors.Is(err, context.Canceled) {
			r.span.SetStatus(codes.Error, string(code))
		}
	}
	r.span.End()
}
