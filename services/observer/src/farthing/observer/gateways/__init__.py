"""The world around: the cluster's API, the metrics of pods, traces, Grafana."""
