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

// flushTimeout is how long the last spans may take to arrive. Container engines give 10 s for everything, of which the
// server takes up to 5 s to shut down.
const flushTimeout = 3 * time.Second

// startTraces sends traces to where OpenTelemetry's own variables say, until flush is called. The variables are those
// of the environment, not of the settings file: the SDK reads most of them itself. The provider is nil if no variable
// asks for traces. The package autoexport would do this and more, at the price of 20 further modules.
func startTraces(ctx context.Context, log *slog.Logger) (provider trace.TracerProvider, flush func(), err error) {
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

	sdk := sdktrace.NewTracerProvider(sdktrace.WithBatcher(sender), sdktrace.WithResource(about))
	return sdk, func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTimeout)
		defer cancel()
		if err := sdk.Shutdown(ctx); err != nil {
			log.Warn("the last traces are lost", "error", err)
		}
	}, nil
}

// traceClient reports variables that the SDK would ignore without a word, and then send the traces to localhost.
func traceClient(exporter string) (otlptrace.Client, error) {
	var errs []error
	if exporter != "" && exporter != "otlp" {
		errs = append(errs, fmt.Errorf("OTEL_TRACES_EXPORTER: %q: expected otlp or none", exporter))
	}

	for _, name := range []string{"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"} {
		// The URL may hold a password: do not show it.
		text := os.Getenv(name)
		u, err := url.Parse(text)
		if text != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
			errs = append(errs, fmt.Errorf("%s: expected a URL such as http://collector:4318", name))
		}
	}

	var client otlptrace.Client
	protocol := cmp.Or(os.Getenv("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"), os.Getenv("OTEL_EXPORTER_OTLP_PROTOCOL"),
		"http/protobuf")
	switch protocol {
	case "http/protobuf", "http/json":
		client = otlptracehttp.NewClient()
	case "grpc":
		client = otlptracegrpc.NewClient()
	default:
		errs = append(errs,
			fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL: %q: expected http/protobuf, http/json or grpc", protocol))
	}

	return client, settings.Invalid(errors.Join(errs...))
}
