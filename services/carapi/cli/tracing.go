package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"slices"
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

// flushTimeout is the time that the last spans have to be sent. Container engines give 10 s to stop, and the server
// takes up to 5 s of them.
const flushTimeout = 3 * time.Second

// endpointVariables name the collector. The second one is for traces alone, and wins.
var endpointVariables = []string{"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"}

// startTraces sends traces to the collector that OpenTelemetry's standard variables name, until flush is called. The
// provider is nil if no variable asks for traces. The variables count in the environment alone, not in the settings
// file, because the SDK reads most of them itself. OpenTelemetry's package autoexport does this too, but needs 20 more
// modules.
func startTraces(ctx context.Context, log *slog.Logger) (provider trace.TracerProvider, flush func(), err error) {
	exporter := os.Getenv("OTEL_TRACES_EXPORTER")
	isRequested := exporter != "" || slices.ContainsFunc(endpointVariables, func(name string) bool {
		return os.Getenv(name) != ""
	})
	if !isRequested || exporter == "none" || strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") {
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

	// The environment comes last, so OTEL_SERVICE_NAME wins over the name here.
	service, err := resource.New(ctx, resource.WithAttributes(semconv.ServiceName("carapi")),
		resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		return nil, nil, settings.Invalid(fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err))
	}

	sdk := sdktrace.NewTracerProvider(sdktrace.WithBatcher(sender), sdktrace.WithResource(service))
	flush = func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTimeout)
		defer cancel()
		if err := sdk.Shutdown(ctx); err != nil {
			log.Warn("the last traces are lost", "error", err)
		}
	}
	return sdk, flush, nil
}

// traceClient returns a client of the collector. It reports invalid variables: the SDK would ignore them silently, and
// send the traces to localhost.
func traceClient(exporter string) (otlptrace.Client, error) {
	var errs []error
	if exporter != "" && exporter != "otlp" {
		errs = append(errs, fmt.Errorf("OTEL_TRACES_EXPORTER: %q: expected otlp or none", exporter))
	}

	for _, name := range endpointVariables {
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
