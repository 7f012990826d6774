module farthing.dev/unavailable

go 1.22
