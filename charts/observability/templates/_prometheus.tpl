{{- define "observability.prometheusConfiguration" -}}
{{- $platform := .Values.platform.release -}}
{{- $namespace := include "observability.platformNamespace" . -}}
global:
  scrape_interval: {{ int .Values.prometheus.scrapeSeconds }}s
  scrape_timeout: {{ min 4 (int .Values.prometheus.scrapeSeconds) }}s
  evaluation_interval: {{ int .Values.prometheus.evaluationSeconds }}s
rule_files: [/etc/prometheus/rules/*.yaml]
{{- with .Values.prometheus.alertmanagers }}
alerting:
  alertmanagers:
    - static_configs: [{targets: {{ toJson . }}}]
{{- end }}
scrape_configs:
  # Every pod of the platform, at its internal port. `version` is the tag of its image: what the process says of itself stays the same between builds.
  - job_name: farthing
    kubernetes_sd_configs:
      - role: pod
        namespaces: {names: [{{ $namespace }}]}
        selectors: [{role: pod, label: "app.kubernetes.io/name=farthing,app.kubernetes.io/instance={{ $platform }}"}]
    relabel_configs:
      - {source_labels: [__meta_kubernetes_pod_container_port_name], regex: internal|metrics, action: keep}
      {{- include "observability.podRelabelling" . | nindent 6 }}
    metric_relabel_configs:
      {{- include "observability.exportedLabels" . | nindent 6 }}
  {{- with .Values.platform.gateway }}
  # The gateway: what it routes to a service of the platform has that service's name (the one process's is the release's), what it did altogether its own.
  - job_name: gateway
    kubernetes_sd_configs:
      - role: pod
        namespaces: {names: [{{ $namespace }}]}
        selectors: [{role: pod, label: "app.kubernetes.io/name=farthing-gateway,app.kubernetes.io/instance={{ . }}"}]
    relabel_configs:
      - {source_labels: [__meta_kubernetes_pod_container_port_name], regex: admin, action: keep}
      {{- include "observability.podRelabelling" $ | nindent 6 }}
    metric_relabel_configs:
      - {source_labels: [__name__], regex: "traefik_(entrypoint|service)_.+|traefik_open_connections|process_.+", action: keep}
      - {source_labels: [exported_service], regex: "httproute-.+-svc-{{ $namespace }}-{{ $platform }}-(.+)-[0-9]+@kubernetesgateway", target_label: service}
      - {source_labels: [exported_service], regex: "httproute-.+-svc-{{ $namespace }}-{{ $platform }}-[0-9]+@kubernetesgateway", target_label: service, replacement: embedded}
  {{- end }}
  # The parts of this release.
  - job_name: observability
    kubernetes_sd_configs:
      - role: pod
        namespaces: {own_namespace: true}
        selectors: [{role: pod, label: "app.kubernetes.io/name=observability,app.kubernetes.io/instance={{ .Release.Name }}"}]
    relabel_configs:
      - {source_labels: [__meta_kubernetes_pod_container_port_name], regex: metrics, action: keep}
      {{- include "observability.podRelabelling" . | nindent 6 }}
    metric_relabel_configs:
      {{- include "observability.exportedLabels" . | nindent 6 }}
  {{- with include "observability.state" . }}
  - job_name: kubernetes
    honor_labels: true
    static_configs: [{targets: [{{ . | quote }}]}]
    metric_relabel_configs:
      # The cluster's own kube-state-metrics sees everybody's, and elsewhere there may be a release of the same name. Nodes are in no namespace.
      - {source_labels: [namespace], regex: "{{ $namespace }}|", action: keep}
      - {source_labels: [deployment], regex: "{{ $platform }}-(.+)", target_label: service}
      - {source_labels: [deployment], regex: "{{ $platform }}", target_label: service, replacement: embedded}
      - {source_labels: [horizontalpodautoscaler], regex: "{{ $platform }}-(.+)", target_label: service}
      {{- include "observability.serviceOfPod" $ | nindent 6 }}
  {{- end }}
  {{- if .Values.prometheus.kubelet.enabled }}
  # CPU and memory of the platform's pods, as each node's kubelet measures them.
  - job_name: cadvisor
    scrape_interval: {{ max 10 (int .Values.prometheus.scrapeSeconds) }}s
    scrape_timeout: 9s
    scheme: https
    authorization: {credentials_file: /var/run/secrets/kubernetes.io/serviceaccount/token}
    kubernetes_sd_configs: [{role: node}]
    {{- if eq .Values.prometheus.kubelet.through "apiServer" }}
    tls_config: {ca_file: /var/run/secrets/kubernetes.io/serviceaccount/ca.crt}
    relabel_configs:
      - {source_labels: [__meta_kubernetes_node_name], target_label: node}
      - {target_label: __address__, replacement: "kubernetes.default.svc:443"}
      - {source_labels: [node], target_label: __metrics_path__, replacement: /api/v1/nodes/$1/proxy/metrics/cadvisor}
    {{- else }}
    metrics_path: /metrics/cadvisor
    tls_config: {insecure_skip_verify: true}  # kubelets sign their certificates themselves; the token only reads metrics and lists pods
    relabel_configs:
      - {source_labels: [__meta_kubernetes_node_name], target_label: node}
    {{- end }}
    metric_relabel_configs:
      - {source_labels: [namespace], regex: {{ $namespace }}, action: keep}
      - {source_labels: [__name__], regex: "container_(cpu_usage_seconds_total|cpu_cfs_(throttled_)?periods_total|memory_working_set_bytes|oom_events_total|network_(receive|transmit)_bytes_total)", action: keep}
      - {regex: id|image|name, action: labeldrop}
      {{- include "observability.serviceOfPod" . | nindent 6 }}
  {{- end }}
{{- end -}}

{{- define "observability.podRelabelling" -}}
- {source_labels: [__meta_kubernetes_pod_phase], regex: Succeeded|Failed, action: drop}
- {source_labels: [__meta_kubernetes_pod_label_app_kubernetes_io_component], target_label: service}
- {source_labels: [__meta_kubernetes_pod_label_app_kubernetes_io_version], target_label: version}
- {source_labels: [__meta_kubernetes_namespace], target_label: namespace}
- {source_labels: [__meta_kubernetes_pod_name], target_label: pod}
- {source_labels: [__meta_kubernetes_pod_node_name], target_label: node}
{{- end -}}

{{/* What a process says about a service goes before where it was found: one process may speak of several. */}}
{{- define "observability.exportedLabels" -}}
- {source_labels: [exported_service], regex: (.+), target_label: service}
- {regex: exported_(service|version), action: labeldrop}
{{- end -}}

{{/*
A Deployment's pod is named <release>-<service>-<hash of its template>-<five letters>, from an alphabet without vowels; that of the one process
<release>-<hash>-<five letters>, and its service is called as its label app.kubernetes.io/component says.
*/}}
{{- define "observability.serviceOfPod" -}}
- {source_labels: [pod], regex: "{{ .Values.platform.release }}-(.+)-[bcdfghjklmnpqrstvwxz2456789]{5,10}-[bcdfghjklmnpqrstvwxz2456789]{5}", target_label: service}
- {source_labels: [pod], regex: "{{ .Values.platform.release }}-[bcdfghjklmnpqrstvwxz2456789]{5,10}-[bcdfghjklmnpqrstvwxz2456789]{5}", target_label: service, replacement: embedded}
{{- end -}}
