{{/*
The rules of observability/slo and observability/alerts, by the name of their file: {"slo.yaml": text, ...}. With slo.windowScale every window and
waiting time is that much as long; the names of series keep theirs.
*/}}
{{- define "observability.rules" -}}
{{- $found := dict -}}
{{- range $pattern := list "files/slo/*.yaml" "files/alerts/*.yaml" -}}
{{- range $path, $text := $.Files.Glob $pattern -}}
{{- $_ := set $found (base $path) (include "observability.scaled" (dict "text" (toString $text) "scale" $.Values.slo.windowScale)) -}}
{{- end -}}
{{- end -}}
{{- toJson $found -}}
{{- end -}}

{{- define "observability.scaled" -}}
{{- $text := .text -}}
{{- if ne (float64 .scale) 1.0 -}}
{{- $units := dict "s" 1000 "m" 60000 "h" 3600000 "d" 86400000 -}}
{{- range $word := regexFindAll "(\\[|for: )[0-9]+[smhd]\\b" .text -1 | uniq -}}
{{- $before := regexFind "^(\\[|for: )" $word -}}
{{- $length := trimPrefix $before $word -}}
{{- $unit := regexFind "[smhd]$" $length -}}
{{- $milliseconds := mulf (trimSuffix $unit $length | float64) (index $units $unit) $.scale -}}
{{- $text = regexReplaceAll (printf "%s\\b" (regexQuoteMeta $word)) $text (printf "%s%.0fms" $before $milliseconds) -}}
{{- end -}}
{{- end -}}
{{- $text -}}
{{- end -}}
