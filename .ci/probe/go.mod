// Pins the real grpc_health_probe, which .ci/run builds and compares ours with.
module probe

go 1.24

require github.com/grpc-ecosystem/grpc-health-probe v0.4.37
