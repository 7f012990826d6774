{{- define "dev.natsConfiguration" -}}
port: 4222
http_port: 8222
server_name: {{ .Values.platform }}-nats
jetstream {
  store_dir: /data
  max_file_store: {{ .Values.nats.size | replace "i" "" }}
  max_memory_store: 64M
}
# A service tells its own events, reads only what it consumes and the answers to its own questions, and nobody but the console changes clock and faults.
authorization {
  timeout: 2
  users: [
    {{- range $service, $facts := include "dev.services" . | fromJson }}
    {
      user: {{ $service }}
      password: {{ include "dev.password" (dict "root" $ "purpose" (printf "nats/%s" $service)) }}
      permissions {
        publish {
          allow: [
            "$JS.API.INFO"
            "$JS.API.STREAM.INFO.>"
            "$JS.API.STREAM.CREATE.>"
            "$JS.API.STREAM.MSG.GET.KV_FARTHING_CONTROL"
            "$JS.API.DIRECT.GET.KV_FARTHING_CONTROL.>"
            "farthing.control.claims"
            {{- if $facts.emits }}
            "farthing.events.{{ $service }}.>"
            {{- end }}
            {{- if $facts.consumes }}
            "$JS.API.CONSUMER.*.FARTHING_EVENTS.>"
            "$JS.API.CONSUMER.*.*.FARTHING_EVENTS.>"
            "$JS.API.CONSUMER.LIST.FARTHING_EVENTS"
            "$JS.API.STREAM.PURGE.FARTHING_EVENTS"
            "$JS.ACK.FARTHING_EVENTS.>"
            {{- end }}
            {{- if eq $service "console" }}
            "$KV.FARTHING_CONTROL.>"
            "farthing.control.news"
            {{- end }}
          ]
        }
        subscribe {
          allow: [
            "_INBOX.{{ $service }}.>"
            "farthing.control.news"
            {{- if eq $service "console" }}
            "farthing.control.claims"
            {{- end }}
          ]
        }
        {{- if eq $service "console" }}
        allow_responses: true  # to whom it asks whether a fault strikes
        {{- end }}
      }
    }
    {{- end }}
  ]
}
{{- end -}}
