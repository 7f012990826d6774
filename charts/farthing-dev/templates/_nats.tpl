{{- define "dev.natsConfiguration" -}}
port: 4222
http_port: 8222
server_name: {{ .Values.platform }}-nats
jetstream {
  store_dir: /data
  max_file_store: {{ .Values.nats.size | replace "i" "" }}
  max_memory_store: 64M
}
# A service may tell only its own events, and nobody but the console changes clock and faults.
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
            {{- if $facts.emits }}
            "farthing.events.{{ $service }}.>"
            {{- end }}
            {{- if $facts.consumes }}
            "farthing.dead.{{ $service }}.>"
            {{- end }}
            {{- if eq $service "console" }}
            "$KV.FARTHING_CONTROL.>"
            {{- end }}
            "$JS.API.>"
            "$JS.ACK.>"
            "$JS.FC.>"
            "_INBOX.>"
          ]
          deny: ["$JS.API.STREAM.DELETE.>", "$JS.API.STREAM.PURGE.>", "$JS.API.STREAM.MSG.DELETE.>"]
        }
        subscribe {
          allow: ["_INBOX.>", "$KV.FARTHING_CONTROL.>"]
        }
      }
    }
    {{- end }}
  ]
}
{{- end -}}
