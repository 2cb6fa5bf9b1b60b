//! Tests of the channel, on a network in memory and with paused time.

mod calls;
mod keepalive;
mod leftovers;
mod lost;
mod network;
mod panics;
mod pick_first;
mod resolving;
mod responses;
mod round_robin;
mod subchannels;
mod tls;
mod windows;
