// Package mqtt tells an MQTT broker what pipelines find and how they do, in topics of its own, for Home Assistant's
// discovery, and where it is wanted in the topics of Frigate. docs/integrations.md has all topics and payloads.
//
// Broker is the block mqtt of a configuration, which opens a Link: one connection for the program. Config is the sink of
// a pipeline.
//
// # What is promised
//
// Nothing blocks the pipeline: a Link takes messages into memory, and two goroutines send them.
//
//   - An event is sent at least once (QoS 1), in order. While there is no connection events wait in a queue of bounded
//     length and size; what has waited for a while, or at an orderly end, is on disk (journal). When the queue is full
//     the oldest is lost, counted and logged.
//   - A state (a count, a picture, whether the source works) is the newest of its topic: older ones that were not sent
//     yet are forgotten. All states are sent again at each connection, as the broker may have lost its retained messages,
//     and when Home Assistant has started.
//   - Memory is bounded by the queue and one state for each topic.
//
// The client speaks MQTT 5, and no older version.
package mqtt
