/** Spans of sampled requests, handed to an OTLP exporter (HTTP). Whether a request is sampled was decided at the public edge. */

import { ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, type Tracer, trace } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BasicTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";

import type { Trail } from "./trail.js";

export class Tracing {
  private readonly provider: BasicTracerProvider | null = null;
  private readonly tracer: Tracer | null = null;

  /** Without an endpoint nothing is sampled. `timeout` in seconds. */
  constructor(service: string, version: string, endpoint: string | undefined, timeout: number) {
    if (!endpoint) return;
    const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, "")}/v1/traces`, timeoutMillis: timeout * 1000 });
    const resource = resourceFromAttributes({ "service.name": service, "service.version": version, "service.namespace": "farthing" });
    this.provider = new BasicTracerProvider({ resource, spanProcessors: [new BatchSpanProcessor(exporter)] });
    this.tracer = this.provider.getTracer("farthing", version);
  }

  /** Run inside a span below the caller's, when the trail is sampled; `run` gets it to say what it is about. */
  async span<T>(name: string, trail: Trail, run: (span: Span | null) => Promise<T>): Promise<T> {
    if (this.tracer === null || !trail.sampled) return run(null);
    const above = trace.setSpanContext(ROOT_CONTEXT, { traceId: trail.traceId, spanId: trail.spanId, traceFlags: 1, isRemote: true });
    const span = this.tracer.startSpan(name, { kind: SpanKind.SERVER }, above);
    try {
      return await run(span);
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  }

  async close(): Promise<void> {
    await this.provider?.shutdown().catch(() => undefined); // whoever takes them may be away
  }
}
