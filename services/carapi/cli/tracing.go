package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"carstock/pkg/settings"
)

// flushTimeout is how long the last spans may take to arrive: after the server's 5 s of shutting
// down, within the 10 s that container engines give for everything.
const flushTimeout = 3 * time.Second

// startTraces sends traces to where OpenTelemetry's own variables say, and gives what ends that.
// They are the real environment's: the SDK reads most of them itself. If none asks for traces, the
// provider is nil. The package autoexport would do this and more, for 20 further modules.
func startTraces(ctx context.Context, log *slog.Logger) (trace.TracerProvider, func(), error) {
	exporter := os.Getenv("OTEL_TRACES_EXPORTER")
	asked := exporter != ""
	for _, name := range []string{"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"} {
		asked = asked || os.Getenv(name) != ""
	}
	if !asked || exporter == "none" || strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") {
		return nil, func() {}, nil
	}
	client, err := traceClient(exporter)
	if err != nil {
		return nil, nil, err
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("traces", "error", err) }))
	sender, err := otlptrace.New(ctx, client)
	if err != nil {
		return nil, nil, fmt.Errorf("traces: %w", err)
	}
	about, err := resource.New(ctx, resource.WithAttributes(semconv.ServiceName("carapi")),
		resource.WithTelemetrySDK(), resource.WithFromEnv()) // the last wins: OTEL_SERVICE_NAME
	if err != nil {
		return nil, nil, settings.Invalid(fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err))
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(sender), sdktrace.WithResource(about))
	return provider, func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTimeout)
		defer cancel()
		if err := provider.Shutdown(ctx); err != nil {
			log.Warn("the last traces are lost", "error", err)
		}
	}, nil
}

// traceClient checks what the SDK would pass over in silence, and send the traces to localhost.
func traceClient(exporter string) (otlptrace.Client, error) {
	var wrong []error
	if exporter != "" && exporter != "otlp" {
		wrong = append(wrong, fmt.Errorf("OTEL_TRACES_EXPORTER: %q: expected otlp or none", exporter))
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"} {
		// Such a URL may hold a password: it is not shown.
		if u, err := url.Parse(os.Getenv(name)); os.Getenv(name) != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
			wrong = append(wrong, fmt.Errorf("%s: expected a URL such as http://collector:4318", name))
		}
	}
	var client otlptrace.Client
	switch p := cmp.Or(os.Getenv("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"), os.Getenv("OTEL_EXPORTER_OTLP_PROTOCOL"), "http/protobuf"); p {
	case "http/protobuf", "http/json":
		client = otlptracehttp.NewClient()
	case "grpc":
		client = otlptracegrpc.NewClient()
	default:
		wrong = append(wrong, fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL: %q: expected http/protobuf, http/json or grpc", p))
	}
	return client, settings.Invalid(errors.Join(wrong...))
}
