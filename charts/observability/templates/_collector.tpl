{{- define "observability.collectorConfiguration" -}}
{{- $sampling := .Values.collector.sampling -}}
receivers:
  otlp:
    protocols:
      grpc: {endpoint: "0.0.0.0:4317"}
      http: {endpoint: "0.0.0.0:4318"}
processors:
  # First, so that what is refused costs nothing: senders try again.
  memory_limiter:
    check_interval: 1s
    limit_percentage: 80
    spike_limit_percentage: 20
  # The pod is found by the address that its spans come from.
  k8s_attributes:
    auth_type: serviceAccount
    filter: {namespace: {{ include "observability.platformNamespace" . }}}
    pod_association:
      - sources: [{from: connection}]
    extract:
      metadata: [k8s.namespace.name, k8s.pod.name, k8s.pod.uid, k8s.node.name, k8s.deployment.name]
      deployment_name_from_replicaset: true
      labels:
        - {tag_name: farthing.image.version, key: app.kubernetes.io/version, from: pod}
  tail_sampling:
    decision_wait: {{ int $sampling.waitSeconds }}s
    num_traces: {{ int $sampling.traces }}
    # Spans that come after the decision, a webhook's second attempt for example, follow it.
    decision_cache: {sampled_cache_size: {{ int $sampling.traces }}}
    policies:
      - {name: errors, type: status_code, status_code: {status_codes: [ERROR]}}
      - {name: failed-answers, type: numeric_attribute, numeric_attribute: {key: http.response.status_code, min_value: 500, max_value: 599}}
      - {name: slow, type: latency, latency: {threshold_ms: {{ int $sampling.slowMilliseconds }}}}
      - {name: forced, type: boolean_attribute, boolean_attribute: {key: farthing.forced, value: true}}
      - {name: under-a-fault, type: string_attribute, string_attribute: {key: farthing.fault, values: [".+"], enabled_regex_matching: true}}
      - {name: rollouts, type: string_attribute, string_attribute: {key: service.name, values: [observer]}}
      - {name: share, type: probabilistic, probabilistic: {sampling_percentage: {{ $sampling.percent }}}}
  batch: {timeout: 1s}
exporters:
  otlp_grpc:
    endpoint: {{ include "observability.otlp" . }}
    tls: {insecure: true}
extensions:
  health_check: {endpoint: "0.0.0.0:13133"}
service:
  extensions: [health_check]
  pipelines:
    traces:
      receivers: [otlp]
      processors: [memory_limiter, k8s_attributes, tail_sampling, batch]
      exporters: [otlp_grpc]
  telemetry:
    logs: {level: info, encoding: json}
    metrics:
      readers:
        - pull: {exporter: {prometheus: {host: 0.0.0.0, port: 8888}}}
{{- end -}}
