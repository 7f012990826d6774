"""What the charts make of the manifests: renders that are looked at without Helm, and compared with Helm's where it is."""
