// Package monitor tells other programs how the pipelines do, over HTTP:
//
//	/healthz   200 when all is well, 503 when a source gives nothing or a pipeline has failed; why, as JSON (Health)
//	/metrics   what Prometheus reads (text exposition format); metrics.go has the names
//	/debug/pprof/…  profiles of the program, on a loopback address only, and only when asked for
//
// It is the block http of a configuration. Its server is one of package web, which other parts of the configuration on
// the same address use as well.
//
// Every pipeline has a sink of the Monitor, which counts events and follows the pipeline's progress. What the stream
// counts itself is taken from its pipeline.Progress when somebody asks, so that no number is counted twice.
package monitor
